# Puts files into the program: a .cpp with one string literal a file, remade when a file changes.
# Included, this file defines tandem_embed(); run with `cmake -P` it writes the .cpp.

# tandem_embed(<output variable> <function> FILES a.css b.js ...): `std::string_view <function>(std::string_view name)`
# in namespace tandem finds a file by its name; an unknown name gives an empty view.
function(tandem_embed output function)
  cmake_parse_arguments(arg "" "" "FILES" ${ARGN})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
  add_custom_command(OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} "-DSOURCE=${source}" "-DFUNCTION=${function}" "-DFILES=${arg_FILES}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${arg_FILES} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  set(${output} ${source} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
  set(body "")
  foreach(path IN LISTS FILES)
    get_filename_component(name ${path} NAME)
    file(READ ${path} bytes HEX)
    # Hexadecimal escapes: safe for any byte, and faster to compile than an array of numbers.
    string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
    string(APPEND body "  if (name == \"${name}\") {\n    static constexpr char text[] = \"${bytes}\";\n"
                       "    return {text, sizeof text - 1};\n  }\n")
  endforeach()
  file(WRITE ${SOURCE} "#include <string_view>\n\nnamespace tandem {\n\n"
    "std::string_view ${FUNCTION}(std::string_view name);\n\n"
    "std::string_view ${FUNCTION}(std::string_view name) {\n${body}  return {};\n}\n\n}  // namespace tandem\n")
endif()
