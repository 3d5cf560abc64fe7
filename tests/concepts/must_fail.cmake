# SPDX-License-Identifier: Apache-2.0
#
# cmake -DCOMPILER=… -DFLAGS="…;…" -DSOURCE=FILE.cpp -P must_fail.cmake: a program that must not compile. The first error
# must match the regular expression of its line "// expect: …", and all that the compiler says must fit 25 lines.
file(STRINGS "${SOURCE}" expected REGEX "^// expect: " LIMIT_COUNT 1)
string(REGEX REPLACE "^// expect: " "" expected "${expected}")
if(expected STREQUAL "")
    message(FATAL_ERROR "${SOURCE} has no line '// expect: REGEX'")
endif()

execute_process(COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${COMPILER} ${FLAGS} -fsyntax-only "${SOURCE}"
    RESULT_VARIABLE failed ERROR_VARIABLE output OUTPUT_VARIABLE output)
if(failed EQUAL 0)
    message(FATAL_ERROR "${SOURCE} compiles; it must not")
endif()
string(REPLACE ";" "," output "${output}")
string(REPLACE "[" "(" output "${output}")  # brackets would join the entries of a list
string(REPLACE "]" ")" output "${output}")
string(REGEX REPLACE "\n$" "" output "${output}")
string(REPLACE "\n" ";" lines "${output}")
list(LENGTH lines count)
set(first "")
foreach(line IN LISTS lines)
    if(line MATCHES "error:")
        set(first "${line}")
        break()
    endif()
endforeach()
if(NOT first MATCHES "${expected}")
    message(FATAL_ERROR "the first error of ${SOURCE} is\n  ${first}\nand does not match '${expected}'")
endif()
if(count GREATER 25)
    message(FATAL_ERROR "the compiler says ${count} lines about ${SOURCE}, more than 25:\n${output}")
endif()
message(STATUS "${count} lines, ${first}")
