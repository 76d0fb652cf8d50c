# The floors of docs/design.md, as a test: cmake -D ROOT=<project> -P floors.cmake
#
# Each header and body is on a floor. It includes nothing from a floor above, and does not name what its floor may not
# know. A file on no floor is an error: put it into `floor_of`, or think again about where it belongs. And each body is
# compiled: listed in src.hpp, and in the file of its floor in src/.
cmake_minimum_required(VERSION 3.24)

# Files directly under include/websockxx/, by name; deeper ones have the floor of their folder.
set(floor_0 config error headers frame label close conn action client log reply_to restart observer counters status debug)
set(floor_1 reconnect_policy)
set(floor_4 delivery observe_all options pending_calls ref registry runtime start supervisor websockxx src)

# What code on a floor must not name (comments may).
set(clocks "steady_clock|system_clock|high_resolution_clock")
set(threads "<thread>|<mutex>|<condition_variable>|<future>|std::thread|std::jthread|std::mutex")
set(pure "boost/asio|boost::asio|boost/beast|boost::beast|openssl|<random>|std::random_device|${threads}|${clocks}")
set(forbidden_0 "${pure}")
set(forbidden_1 "${pure}")
set(forbidden_2 "asio/ip/|asio::ip::|asio/ssl|openssl|${threads}|${clocks}")
set(beast_websocket "beast/websocket|beast::websocket")
set(heavy "boost/beast|boost::beast|openssl")

# The translation unit of a floor's bodies.
set(source_0 values)
set(source_1 values)
set(source_2 protocol)
set(source_3 io)
set(source_4 api)

set(complaints "")

# floor_of(<variable> <path under include/websockxx/>): empty if there is none.
function(floor_of variable path)
  string(REGEX REPLACE "^impl/" "" path "${path}")
  cmake_path(GET path PARENT_PATH folder)
  cmake_path(GET path STEM name)
  set(floor "")
  if(folder STREQUAL "detail")
    set(floor 0)
  elseif(folder STREQUAL "core")
    set(floor 1)
  elseif(folder STREQUAL "protocol")
    set(floor 2)
  elseif(folder STREQUAL "io")
    set(floor 3)
  elseif(folder STREQUAL "")
    foreach(candidate 0 1 4)
      if(name IN_LIST floor_${candidate})
        set(floor ${candidate})
      endif()
    endforeach()
  endif()
  set(${variable} "${floor}" PARENT_SCOPE)
endfunction()

# Reads code without comments, and with nothing in it that is special in a CMake list.
function(read_code variable file)
  file(READ ${file} text)
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REGEX REPLACE "[][;]" " " text "${text}")
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

function(included variable text)
  string(REGEX MATCHALL "# *include +<websockxx/[^>]+>" lines "${text}")
  list(TRANSFORM lines REPLACE "# *include +<websockxx/([^>]+)>" "\\1")
  set(${variable} "${lines}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files RELATIVE ${ROOT}/include/websockxx
  ${ROOT}/include/websockxx/*.hpp ${ROOT}/include/websockxx/*.ipp)
read_code(source_header ${ROOT}/include/websockxx/src.hpp)
included(in_source_header "${source_header}")

foreach(file ${files})
  floor_of(floor ${file})
  if(floor STREQUAL "")
    list(APPEND complaints "${file}: on no floor, add it to tests/floors.cmake")
    continue()
  endif()
  read_code(code ${ROOT}/include/websockxx/${file})

  if(code MATCHES "# *include +\"([^\"]*)\"")
    list(APPEND complaints "${file}: includes \"${CMAKE_MATCH_1}\", write <websockxx/...>")
  endif()
  included(includes "${code}")
  foreach(include ${includes})
    floor_of(other ${include})
    if(other STREQUAL "")
      list(APPEND complaints "${file}: includes ${include}, which is on no floor")
    elseif(other GREATER floor)
      list(APPEND complaints "${file} (floor ${floor}) includes ${include} (floor ${other})")
    elseif(include MATCHES "^impl/" AND file MATCHES "hpp$" AND NOT file STREQUAL "src.hpp")
      list(APPEND complaints "${file}: a header that includes a body, ${include}")
    endif()
  endforeach()

  if(DEFINED forbidden_${floor} AND code MATCHES "(${forbidden_${floor}})")
    list(APPEND complaints "${file}: floor ${floor} names ${CMAKE_MATCH_1}")
  endif()
  if(NOT floor EQUAL 2 AND code MATCHES "(${beast_websocket})")
    list(APPEND complaints "${file}: names ${CMAKE_MATCH_1}: only protocol/ does")
  endif()
  # Depth is privacy: what lies directly under include/websockxx/ is public and stays light.
  if(NOT file MATCHES "/" AND code MATCHES "(${heavy})")
    list(APPEND complaints "${file}: a public header names ${CMAKE_MATCH_1}")
  endif()

  if(file MATCHES "\\.ipp$")
    set(source src/${source_${floor}}.cpp)
    read_code(code ${ROOT}/${source})
    included(in_source "${code}")
    if(NOT file IN_LIST in_source_header)
      list(APPEND complaints "${file}: not in src.hpp")
    endif()
    if(NOT file IN_LIST in_source)
      list(APPEND complaints "${file}: not in ${source}")
    endif()
  endif()
endforeach()

if(complaints)
  list(JOIN complaints "\n  " complaints)
  message(FATAL_ERROR "The floors are broken:\n  ${complaints}")
endif()
