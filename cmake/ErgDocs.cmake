# The target docs: Doxygen over the guides in docs/ and the headers.
find_package(Doxygen REQUIRED)
option(ERG_DOCS_WARNINGS_AS_ERRORS "A warning of Doxygen stops the documentation" OFF)
set(erg_doc_warnings NO)
if(ERG_DOCS_WARNINGS_AS_ERRORS)
  set(erg_doc_warnings FAIL_ON_WARNINGS)
endif()
configure_file("${PROJECT_SOURCE_DIR}/docs/Doxyfile.in" "${PROJECT_BINARY_DIR}/Doxyfile" @ONLY)
add_custom_target(docs
  COMMAND "${CMAKE_COMMAND}" -E make_directory "${PROJECT_BINARY_DIR}/docs"
  COMMAND Doxygen::doxygen "${PROJECT_BINARY_DIR}/Doxyfile"
  COMMENT "Documentation in ${PROJECT_BINARY_DIR}/docs/html/index.html"
  VERBATIM)
