# The target docs: Doxygen over the guides in docs/ and the headers.
find_package(Doxygen REQUIRED)
configure_file("${PROJECT_SOURCE_DIR}/docs/Doxyfile.in" "${PROJECT_BINARY_DIR}/Doxyfile" @ONLY)
add_custom_target(docs
  COMMAND Doxygen::doxygen "${PROJECT_BINARY_DIR}/Doxyfile"
  COMMENT "Documentation in ${PROJECT_BINARY_DIR}/docs/html/index.html"
  VERBATIM)
