# How tests are declared, and the scripts that are tests of the whole tree.
find_package(GTest REQUIRED)
include(GoogleTest)

# Everything that a sanitizer build has to compile; its tests then run with the release build's (see the end).
add_custom_target(sanitized_tests)
set(slowwave_test_prefix "")
if(SLOWWAVE_SANITIZE MATCHES "address")
  set(slowwave_test_prefix "address.")
elseif(SLOWWAVE_SANITIZE)
  set(slowwave_test_prefix "${SLOWWAVE_SANITIZE}.")
endif()

option(SLOWWAVE_SANITIZE_SERVER "Run the server's tests under the address sanitizer too" OFF)
set(slowwave_test_server ON)
if(SLOWWAVE_SANITIZE STREQUAL "thread" OR (SLOWWAVE_SANITIZE AND NOT SLOWWAVE_SANITIZE_SERVER))
  set(slowwave_test_server OFF)
endif()

# slowwave_add_test(name command...): a ctest entry, named and labelled after the build's sanitizer.
function(slowwave_add_test name)
  add_test(NAME ${slowwave_test_prefix}${name} COMMAND ${ARGN})
  if(SLOWWAVE_SANITIZE)
    set_tests_properties(${slowwave_test_prefix}${name} PROPERTIES LABELS sanitized ENVIRONMENT
      "ASAN_OPTIONS=detect_stack_use_after_return=1;UBSAN_OPTIONS=print_stacktrace=1;TSAN_OPTIONS=second_deadlock_stack=1")
  endif()
endfunction()

# slowwave_test(name source... [LIBS lib...]): one test binary and ctest entry.
# Debian's gRPC and Protobuf are not instrumented, which the thread sanitizer cannot see through: no server there. The
# address sanitizer's build leaves it out too, for the time it takes: SLOWWAVE_SANITIZE_SERVER=ON puts it in.
function(slowwave_test name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  if(SLOWWAVE_SANITIZE AND NOT slowwave_test_server AND "${ARG_LIBS}" MATCHES "server|proto|grpc")
    return()
  endif()
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE slowwave_options ${ARG_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  if(SLOWWAVE_SANITIZE STREQUAL "thread")
    target_link_libraries(${name} PRIVATE slowwave_thread_sanitizer)
  endif()
  # GCC 12 sees std::string literals of these tests copied out of bounds (its bug 105329).
  target_compile_options(${name} PRIVATE "$<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-stringop-overflow>")
  add_dependencies(sanitized_tests ${name})
  slowwave_add_test(${name} ${name})
endfunction()

if(SLOWWAVE_SANITIZE STREQUAL "thread")
  include(support/thread_sanitizer.cmake)
endif()

# The scripts run on Debian's Python, which has the packages that they import.
find_program(SLOWWAVE_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

if(NOT SLOWWAVE_SANITIZE)
  slowwave_add_test(include_rules_test ${SLOWWAVE_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/include_rules_test.py)
  # ./dev test builds these two beside this tree; where they are, their tests belong to this one's.
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/sanitized_tests.cmake @ONLY CONTENT [[
foreach(tree build-address build-thread)
  if(EXISTS "@PROJECT_SOURCE_DIR@/${tree}/tests/CTestTestfile.cmake")
    subdirs("@PROJECT_SOURCE_DIR@/${tree}/tests")
  endif()
endforeach()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${CMAKE_CURRENT_BINARY_DIR}/sanitized_tests.cmake)
endif()

# The real binary, driven from outside.
set(integration_dir ${CMAKE_CURRENT_SOURCE_DIR}/integration)
function(slowwave_integration_test name)
  slowwave_add_test(${name} ${ARGN})
  set_property(TEST ${slowwave_test_prefix}${name} APPEND PROPERTY ENVIRONMENT
    SLOWWAVE_BINARY=$<TARGET_FILE:slowwave> NODE_PATH=${PROJECT_SOURCE_DIR}/build/node/node_modules)
endfunction()

# slowwave_python_test(name [STORES store...]): tests/integration/<name>.py, on the embedded store and on these:
# `postgres`, `pgbouncer` (Postgres behind it).
function(slowwave_python_test name)
  cmake_parse_arguments(ARG "" "" "STORES" ${ARGN})
  slowwave_integration_test(${name} ${SLOWWAVE_PYTHON} -B ${integration_dir}/${name}.py)
  foreach(store ${ARG_STORES})
    slowwave_integration_test(${store}.${name} ${SLOWWAVE_PYTHON} -B ${integration_dir}/${name}.py)
    set_property(TEST ${slowwave_test_prefix}${store}.${name} APPEND PROPERTY ENVIRONMENT SLOWWAVE_TEST_STORE=${store})
  endforeach()
endfunction()

if(slowwave_test_server)
  add_dependencies(sanitized_tests slowwave)
  slowwave_python_test(access_test)
  slowwave_python_test(bad_input_test STORES postgres)
  if(NOT SLOWWAVE_SANITIZE)
    # What memory a sanitizer takes says nothing.
    slowwave_python_test(bounds_test)
  endif()
  slowwave_python_test(cli_test STORES postgres)
  slowwave_python_test(configuration_test)
  slowwave_python_test(contract_test)
  slowwave_python_test(data_model_test)
  slowwave_python_test(embedding_test STORES postgres)
  slowwave_python_test(metrics_test STORES postgres)
  slowwave_python_test(trace_test STORES postgres)
  slowwave_python_test(endpoint_test STORES postgres)
  slowwave_python_test(faults_test STORES postgres)
  slowwave_python_test(hostile_test)
  slowwave_python_test(kill_test STORES postgres)
  slowwave_python_test(own_tables_test)
  slowwave_python_test(probe_test)
  slowwave_python_test(python_client_test STORES postgres pgbouncer)
  slowwave_python_test(triggers_test STORES postgres)
  if(NOT SLOWWAVE_SANITIZE)
    slowwave_integration_test(node_client_test node ${integration_dir}/node/client_test.js)
    slowwave_python_test(aimock_test)
    slowwave_python_test(crash_test)
    slowwave_python_test(doctor_test)
    slowwave_python_test(health_test)
    slowwave_python_test(documents_test)
    slowwave_python_test(examples_test)
    slowwave_python_test(operate_test)
    slowwave_python_test(endpoint_network_test)
    slowwave_python_test(outage_test)
    slowwave_python_test(readme_test)
    slowwave_python_test(reflection_test STORES postgres)
    slowwave_python_test(rolling_restart_test)
    # What daemons promise to do within seconds they cannot while others keep both cores busy.
    set_tests_properties(health_test outage_test rolling_restart_test PROPERTIES PROCESSORS 2)
  endif()
endif()

# deploy/ and docker/: what can be told of them without a cluster.
if(NOT SLOWWAVE_SANITIZE)
  foreach(name configuration_test image_test manifests_test queries_test rules_test)
    slowwave_add_test(deploy.${name} ${SLOWWAVE_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/deploy/${name}.py)
    set_property(TEST deploy.${name} APPEND PROPERTY ENVIRONMENT
      SLOWWAVE_BINARY=$<TARGET_FILE:slowwave> SLOWWAVE_DEPLOY_MODULES=${PROJECT_SOURCE_DIR}/build/deploy/node_modules)
  endforeach()
endif()
