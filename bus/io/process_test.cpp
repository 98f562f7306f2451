#include "bus/io/process.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bus/io/fd.hpp"

namespace fairlead::io {
namespace {

// A service manager that listens on a datagram socket of its own.
class Manager {
 public:
  Manager() : path_(testing::TempDir() + "notify_" + std::to_string(::getpid())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~Manager() {
    ::unlink(path_.c_str());
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  std::string heard() const {
    std::array<char, 512> text{};
    const ssize_t size = ::recv(fd_.get(), text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(size)};
  }

 private:
  std::string path_;
  Fd fd_;
};

TEST(ServiceManager, is_told_what_the_daemon_does) {
  const Manager manager;
  const ServiceManager service;
  service.ready("listening");
  EXPECT_EQ(manager.heard(), "READY=1\nSTATUS=listening");
  service.still_alive();
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
  service.reloading();
  EXPECT_EQ(manager.heard().substr(0, 27), "RELOADING=1\nMONOTONIC_USEC=");
  service.stopping();
  EXPECT_EQ(manager.heard(), "STOPPING=1");
}

TEST(ServiceManager, its_watchdog_is_fed_twice_as_often_as_it_wants) {
  const Manager manager;
  EXPECT_EQ(ServiceManager{}.watchdog_every(), std::nullopt);
  ::setenv("WATCHDOG_USEC", "10000000", 1);
  EXPECT_EQ(ServiceManager{}.watchdog_every(), 5s);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(ServiceManager{}.watchdog_every(), 5s);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(ServiceManager{}.watchdog_every(), std::nullopt) << "meant for another process";
}

TEST(ServiceManager, may_be_missing_or_deaf) {
  ServiceManager{}.ready();
  ::setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
  ServiceManager{}.ready();
  ::unsetenv("NOTIFY_SOCKET");
}

TEST(RunMain, turns_outcomes_into_exit_codes) {
  EXPECT_EQ(run_main([] { return ExitCode::ok; }), 0);
  EXPECT_EQ(run_main([] { return ExitCode::usage; }), 2);
}

TEST(RunMain, tells_an_exception_in_one_line) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_main([]() -> ExitCode { throw std::runtime_error("the disk\nis gone"); }), 1);
  const std::string told = testing::internal::GetCapturedStderr();
  EXPECT_NE(told.find("failed reason=\"the disk\\nis gone\"\n"), std::string::npos) << told;
}

TEST(FileLimit, is_raised_to_the_hard_one) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 256;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_file_limit(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
}

}  // namespace
}  // namespace fairlead::io
