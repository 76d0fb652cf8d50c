# Builds and runs one consumer; see CMakeLists.txt for the definitions.
cmake_minimum_required(VERSION 3.24)

set(source ${CMAKE_CURRENT_LIST_DIR}/${CONSUMER})
set(build "${FOLDER}/${CONSUMER}")
file(REMOVE_RECURSE "${build}")
file(MAKE_DIRECTORY "${build}")

function(run)
  list(JOIN ARGV " " command)
  message(STATUS "${command}")
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(CONSUMER STREQUAL "pkg_config")
  # As a Makefile or a shell would use it.
  find_program(PKG_CONFIG NAMES pkg-config pkgconf REQUIRED)
  set(ENV{PKG_CONFIG_PATH} "${FOLDER}/prefix/${LIBDIR}/pkgconfig")
  set(static "")
  if(LINKAGE STREQUAL "static")
    set(static --static)
  else()
    set(ENV{LD_LIBRARY_PATH} "${FOLDER}/prefix/${LIBDIR}")
  endif()
  execute_process(COMMAND ${PKG_CONFIG} ${static} --cflags --libs websockxx
    OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "pkg-config says: ${flags}")
  separate_arguments(flags UNIX_COMMAND "${flags}")
  separate_arguments(own_flags UNIX_COMMAND "${CXX_FLAGS}")
  run(${CXX} -std=c++20 ${own_flags} ${CMAKE_CURRENT_LIST_DIR}/main.cpp ${CMAKE_CURRENT_LIST_DIR}/other.cpp ${flags}
    -o "${build}/consumer")
else()
  run(${CMAKE_COMMAND} -G Ninja -S ${source} -B "${build}" --no-warn-unused-cli
    -D "CMAKE_CXX_COMPILER=${CXX}" -D "CMAKE_CXX_FLAGS=${CXX_FLAGS}" -D "CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
    -D "CMAKE_PREFIX_PATH=${FOLDER}/prefix" -D "Boost_DIR=${BOOST_DIR}"
    -D "WEBSOCKXX_VERSION=${VERSION}" -D "WEBSOCKXX_ROOT=${ROOT}" -D OTHER_LINKAGE=${OTHER_LINKAGE})
  run(${CMAKE_COMMAND} --build "${build}" --target consumer)
endif()
run("${build}/consumer")
