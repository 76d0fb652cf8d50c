# Each body is tested by a file of its name in the mirrored place: cmake -D ROOT=<project> -P mirror.cmake
#
#   include/websockxx/impl/core/session.ipp <-> tests/core/session_test.cpp
#
# What opens sockets or makes threads is tested in tests/system/ instead.
cmake_minimum_required(VERSION 3.24)

# Bodies that have no test of their own, each with the reason.
set(exempt)

set(complaints "")
file(GLOB_RECURSE bodies RELATIVE ${ROOT}/include/websockxx/impl ${ROOT}/include/websockxx/impl/*.ipp)
foreach(body ${bodies})
  string(REGEX REPLACE "\\.ipp$" "_test.cpp" test ${body})
  cmake_path(GET test FILENAME name)
  if(NOT body IN_LIST exempt AND NOT EXISTS ${ROOT}/tests/${test} AND NOT EXISTS ${ROOT}/tests/system/${name})
    list(APPEND complaints "impl/${body}: no tests/${test}")
  endif()
endforeach()

# An exemption that is no longer needed would hide the next hole.
foreach(body ${exempt})
  if(NOT EXISTS ${ROOT}/include/websockxx/impl/${body})
    list(APPEND complaints "${body}: exempt in tests/mirror.cmake, but not there")
  endif()
endforeach()

if(complaints)
  list(JOIN complaints "\n  " complaints)
  message(FATAL_ERROR "Bodies without a test:\n  ${complaints}")
endif()
