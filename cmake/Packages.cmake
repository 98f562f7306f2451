# Service files, settings and documents beside the programs, and the Debian package: cpack -G DEB, in any build.

set(documents "${CMAKE_INSTALL_DOCDIR}")
install(FILES README.md ARCHITECTURE.md CHANGELOG.md LICENSE docs/operating.md docs/metrics.md docs/protocol.md docs/decisions.md
              docs/benchmarks.md packaging/prometheus/fairlead.rules.yml
        DESTINATION "${documents}" COMPONENT programs)
install(FILES packaging/grafana/fairlead.json DESTINATION "${documents}" COMPONENT programs RENAME fairlead-grafana.json)

install(FILES "${PROJECT_BINARY_DIR}/install/completion/bash" RENAME fairlead-ctl
        DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT programs)
install(FILES "${PROJECT_BINARY_DIR}/install/completion/zsh" RENAME _fairlead-ctl
        DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" COMPONENT programs)

# ---- systemd

file(READ packaging/systemd/hardening.conf hardening)
foreach(unit fairlead-broker fairlead-gateway fairlead-worker@)
  configure_file("packaging/systemd/${unit}.service.in" "${PROJECT_BINARY_DIR}/install/systemd/${unit}.service" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/install/systemd/${unit}.service" DESTINATION lib/systemd/system COMPONENT programs)
endforeach()
install(FILES packaging/systemd/fairlead.sysusers DESTINATION lib/sysusers.d RENAME fairlead.conf COMPONENT programs)
install(FILES packaging/systemd/fairlead.tmpfiles DESTINATION lib/tmpfiles.d RENAME fairlead.conf COMPONENT programs)
# Below the prefix as examples; only the package puts them into /etc.
foreach(program broker gateway worker-chat)
  configure_file("packaging/etc/${program}.toml.in" "${PROJECT_BINARY_DIR}/install/etc/${program}.toml" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/install/etc/${program}.toml" DESTINATION etc/fairlead COMPONENT programs)
endforeach()

# ---- Debian

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fairlead)
set(CPACK_PACKAGE_CONTACT "The Fairlead maintainers <fairlead@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL programs)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME fairlead)
set(CPACK_DEBIAN_PROGRAMS_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAMS_DESCRIPTION
    "message bus for long-lived connections\n Gateways hold users' connections, a broker hands what they say to workers, and nothing is\n lost, doubled or out of order when one of these dies.")
file(WRITE "${PROJECT_BINARY_DIR}/install/deb/conffiles" "/etc/fairlead/broker.toml\n/etc/fairlead/gateway.toml\n/etc/fairlead/worker-chat.toml\n")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_CONTROL_EXTRA
    "${PROJECT_SOURCE_DIR}/packaging/deb/postinst;${PROJECT_SOURCE_DIR}/packaging/deb/prerm;${PROJECT_BINARY_DIR}/install/deb/conffiles")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# The build may be meant for another prefix than the package is.
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_BINARY_DIR}/install/deb/stage.cmake")
configure_file(packaging/deb/stage.cmake.in "${PROJECT_BINARY_DIR}/install/deb/stage.cmake" @ONLY)
include(CPack)
