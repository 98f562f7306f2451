// What every backend of Store must pass. The tests are in conformance_test.cpp; a backend joins with one
// INSTANTIATE_TEST_SUITE_P(Name, StoreConformance, testing::Values(StoreBackend{…}), name_of_backend) in a file of its
// own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "fairlead/store.hpp"

namespace fairlead::store {

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

inline std::string name_of_backend(const testing::TestParamInfo<StoreBackend>& info) { return info.param.name; }
inline void PrintTo(const StoreBackend& backend, std::ostream* out) { *out << backend.name; }

class StoreConformance : public testing::TestWithParam<StoreBackend> {
 protected:
  std::unique_ptr<StorePlace> place_ = GetParam().make();
};

}  // namespace fairlead::store
