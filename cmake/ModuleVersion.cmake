# What a module was compiled against (worker/include/fairlead/module.hpp): fairlead/module_version.hpp, with a sum over the headers that decide how a worker and its
# module talk to each other. It is computed, so that nobody can forget to raise it.

set(headers_seen "")
set(headers_text "")
set(headers_pending worker/include/fairlead/module.hpp)
while(headers_pending)
  list(POP_FRONT headers_pending header)
  list(APPEND headers_seen "${header}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${header}")
  file(READ "${PROJECT_SOURCE_DIR}/${header}" text)
  string(REGEX MATCHALL "#include \"[^\"]+\"" includes "${text}")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "#include \"([^\"]+)\"" "\\1" path "${include}")
    foreach(folder "" worker/include/ store/include/)
      if(EXISTS "${PROJECT_SOURCE_DIR}/${folder}${path}" AND NOT "${folder}${path}" IN_LIST headers_seen
         AND NOT "${folder}${path}" IN_LIST headers_pending)
        list(APPEND headers_pending "${folder}${path}")
      endif()
    endforeach()
  endforeach()
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REGEX REPLACE "[ \t\n]+" " " text "${text}")
  string(APPEND headers_text "${header}: ${text}")
endwhile()
string(SHA256 headers_sum "${headers_text}")
string(SUBSTRING "${headers_sum}" 0 8 headers_sum)

# Once for ourselves, once to be installed.
set(generated_include "${PROJECT_BINARY_DIR}/generated/include")
foreach(folder "${generated_include}" "${PROJECT_BINARY_DIR}/install/include")
  file(CONFIGURE OUTPUT "${folder}/fairlead/module_version.hpp" @ONLY
       CONTENT "// Written by the build (cmake/ModuleVersion.cmake).\n#pragma once\n\n#define FAIRLEAD_HEADERS_VERSION \"@PROJECT_VERSION@-@headers_sum@\"\n")
endforeach()
