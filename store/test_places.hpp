// Where the tests of this folder open stores: a clock that they move by hand, and a directory that goes away with them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "store/conformance.hpp"
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
