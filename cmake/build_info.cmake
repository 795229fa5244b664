# Run at every build: writes build.cpp when the commit (or its cleanliness) has changed.
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD OUTPUT_VARIABLE commit
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit "unknown")
endif()
execute_process(COMMAND git -C ${SOURCE} status --porcelain OUTPUT_VARIABLE changes ERROR_QUIET)
if(failed OR changes)
  set(dirty true)
else()
  set(dirty false)
endif()
configure_file(${SOURCE}/harness/result/build.cpp.in ${OUTPUT} @ONLY)
