// Where tests open stores: a clock that they move by hand, a directory that goes away with them, and the backends as
// io/conformance_test.cpp sees them. A new backend joins the list there with a StorePlace of its own.
#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include "fairlead/store.hpp"

#include "store/io/lmdb_store.hpp"
#include "store/memory_store.hpp"

namespace fairlead::store {

// Its hands can be read by several threads while one moves them between their calls.
class HandClock {
 public:
  WallClock reader() const {
    return [now = now_] { return *now; };
  }
  void let_pass(std::chrono::milliseconds time) { *now_ += time; }

 private:
  std::shared_ptr<WallTime> now_ = std::make_shared<WallTime>(std::chrono::hours(24 * 365 * 50));
};

class TempDirectory {
 public:
  TempDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "fairlead-store-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A child process that does something to the store and then says so; after that it waits to be killed.
class Stranger {
 public:
  explicit Stranger(const std::function<void()>& act) {
    if (pipe(said_.data()) != 0) return;
    child_ = fork();
    if (child_ != 0) {
      close(said_[1]);
      return;
    }
    act();
    if (write(said_[1], "x", 1) != 1) _exit(1);
    while (true) pause();
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;
  ~Stranger() {
    die();
    close(said_[0]);
  }

  bool is_done() const {
    char byte = 0;
    return ::read(said_[0], &byte, 1) == 1;
  }
  void die() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = 0;
  }

 private:
  std::array<int, 2> said_{};
  pid_t child_ = 0;
};

// A place where a store can be opened, empty at first; gone when it is destroyed.
class StorePlace {
 public:
  StorePlace() = default;
  StorePlace(const StorePlace&) = delete;
  StorePlace& operator=(const StorePlace&) = delete;
  virtual ~StorePlace() = default;

  // May be called from several processes, if the backend says that it is shared.
  virtual std::shared_ptr<Store> open() = 0;
  // Time passes as the store sees it. (A backend with a server really waits.)
  virtual void let_pass(std::chrono::milliseconds time) = 0;
};

struct StoreBackend {
  std::string name;
  bool shared = false;  // among processes
  std::function<std::unique_ptr<StorePlace>()> make;
};

class MemoryPlace final : public StorePlace {
 public:
  std::shared_ptr<Store> open() override { return std::make_shared<MemoryStore>(clock_.reader()); }
  void let_pass(std::chrono::milliseconds time) override { clock_.let_pass(time); }

 private:
  HandClock clock_;
};

class LmdbPlace final : public StorePlace {
 public:
  std::shared_ptr<Store> open() override {
    return LmdbStore::open({.directory = directory_.path() + "/deep/down"}, clock_.reader()).value();
  }
  void let_pass(std::chrono::milliseconds time) override { clock_.let_pass(time); }

 private:
  TempDirectory directory_;
  HandClock clock_;
};

}  // namespace fairlead::store
