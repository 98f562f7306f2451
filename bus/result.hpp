// Result<T> is a value or the Error that says why there is none, with the names of std::expected (which g++ 12 lacks).
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "bus/check.hpp"

namespace fairlead {

// What somebody else did wrong, in words that help them mend it.
struct Error {
  std::string message;

  bool operator==(const Error&) const = default;
};

struct Nothing {
  bool operator==(const Nothing&) const = default;
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return held_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return checked(), *std::get_if<0>(&held_); }
  const T& value() const& { return checked(), *std::get_if<0>(&held_); }
  T&& value() && { return checked(), std::move(*std::get_if<0>(&held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    FAIRLEAD_CHECK(!has_value(), "error() of a Result that holds a value");
    return *std::get_if<1>(&held_);
  }

  T value_or(T other) const& { return has_value() ? value() : std::move(other); }

 private:
  void checked() const { FAIRLEAD_CHECK(has_value(), "value() of a Result that holds an error"); }

  std::variant<T, Error> held_;
};

using Status = Result<Nothing>;

}  // namespace fairlead
