# How every target here is built. A folder's CMakeLists.txt lists its sources; this file holds the rest.

option(FAIRLEAD_WERROR "Treat warnings as errors (our CI; never a user's build)" OFF)
option(FAIRLEAD_FUZZ "Build the fuzz targets of tests/fuzz (clang; the preset fuzz)" OFF)

find_program(FAIRLEAD_CCACHE ccache)
if(FAIRLEAD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${FAIRLEAD_CCACHE}")
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

function(fairlead_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wno-missing-field-initializers
                                           $<$<CONFIG:Release>:-Wno-restrict>  # g++ 12 at -O3 sees it in std::string, where it is not
                                           $<$<BOOL:${FAIRLEAD_WERROR}>:-Werror>)
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
endfunction()

# fairlead_library(NAME SOURCES a.cpp … [LINKS …] [PRIVATE_LINKS …] [PUBLIC_INCLUDE dir])
function(fairlead_library name)
  cmake_parse_arguments(arg "" "PUBLIC_INCLUDE" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  fairlead_settings(${name})
  target_link_libraries(${name} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
  if(arg_PUBLIC_INCLUDE)
    target_include_directories(${name} PUBLIC "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/${arg_PUBLIC_INCLUDE}>"
                                              "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  endif()
endfunction()

# fairlead_program(NAME SOURCES main.cpp [LINKS …])
function(fairlead_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  fairlead_settings(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINKS})
endfunction()

# fairlead_tests(NAME SOURCES a_test.cpp … [LINKS …] [LABELS …]): one GoogleTest program, one ctest entry.
function(fairlead_tests name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  fairlead_settings(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS "${arg_LABELS}")
endfunction()

# fairlead_business(NAME SOURCES … [LINKS …] [DEFINES …]): business code as a module, modules/NAME.so in the build.
function(fairlead_business name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;DEFINES" ${ARGN})
  add_library(${name}_module MODULE ${arg_SOURCES})
  fairlead_settings(${name}_module)
  target_link_libraries(${name}_module PRIVATE fairlead_module ${arg_LINKS})
  target_compile_definitions(${name}_module PRIVATE ${arg_DEFINES})
  set_target_properties(${name}_module PROPERTIES PREFIX "" OUTPUT_NAME ${name}
                                                  LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/modules")
endfunction()
