# Words that must not be in the project: cmake -D ROOT=<project> -P words.cmake
#
# - A test waits for an event, never for a duration: only tests/system/ and tests/soak/, which use real time, may sleep.
# - No paths of the machine that a file was written on.
# - No line of code or comment is wider than .clang-format's ColumnLimit (it leaves comments alone).
# - S17: nothing that a server says is a key of a hash table, which it could fill with keys that collide.
# - S20: configuring and building download nothing.
cmake_minimum_required(VERSION 3.24)

set(sleep "sleep_for|sleep_until|[^a-z_](usleep|nanosleep|sleep) *\\(")
set(machine_path "(^|[^A-Za-z0-9_.)}/-])/(home|root|work|Users)/")
set(hash_table "unordered_(map|set|multi)")
set(download "[F]etchContent|[E]xternalProject|[C]PMAdd|file *\\( *[D]OWNLOAD|[c]url |[w]get ")
string(REPEAT "." 121 too_wide)
set(folders include src examples tests docs .ci)

set(complaints "")
list(TRANSFORM folders PREPEND "${ROOT}/" OUTPUT_VARIABLE patterns)
list(TRANSFORM patterns APPEND "/*")
file(GLOB_RECURSE files RELATIVE ${ROOT} ${patterns})
file(GLOB top LIST_DIRECTORIES false RELATIVE ${ROOT} ${ROOT}/* ${ROOT}/.*)

foreach(file ${top} ${files})
  if(file MATCHES "\\.(pem|key|pyc)$|^\\.git$") # the latter is a file where git has a work tree beside another
    continue()
  endif()
  set(path ${ROOT}/${file})
  file(STRINGS ${path} found REGEX "${machine_path}" LIMIT_COUNT 1)
  if(found)
    list(APPEND complaints "${file}: a path of a machine: ${found}")
  endif()
  if(file MATCHES "\\.(hpp|ipp|cpp)$")
    file(STRINGS ${path} found REGEX "${too_wide}" LIMIT_COUNT 1)
    if(found)
      list(APPEND complaints "${file}: wider than 120 columns: ${found}")
    endif()
  endif()
  if(file MATCHES "^include/websockxx/(impl/)?(core|protocol)/")
    file(STRINGS ${path} found REGEX "${hash_table}" LIMIT_COUNT 1)
    if(found)
      list(APPEND complaints "${file}: a hash table: ${found}")
    endif()
  endif()
  if(file MATCHES "(^|/)CMake(Lists.txt|Presets.json)$|\\.cmake$")
    file(STRINGS ${path} found REGEX "${download}" LIMIT_COUNT 1)
    if(found)
      list(APPEND complaints "${file}: downloads: ${found}")
    endif()
  endif()
  if(file MATCHES "^tests/.*\\.(hpp|cpp)$" AND NOT file MATCHES "^tests/(system|soak)/")
    file(STRINGS ${path} found REGEX "${sleep}" LIMIT_COUNT 1)
    if(found)
      list(APPEND complaints "${file}: sleeps: ${found}")
    endif()
  endif()
endforeach()

if(complaints)
  list(JOIN complaints "\n  " complaints)
  message(FATAL_ERROR "Words that must not be there:\n  ${complaints}")
endif()
