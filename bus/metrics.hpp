// What a daemon has counted, as a page that Prometheus reads (its text format, version 0.0.4).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "bus/time.hpp"

namespace fairlead {

// How many of the values seen were at most each bound. Not for several threads.
class Histogram {
 public:
  static constexpr std::size_t most_bounds = 16;

  // `bounds` rise, are at most most_bounds, and outlive the histogram.
  explicit Histogram(std::span<const double> bounds);
  static Histogram of_seconds();  // 10 µs to 30 s
  static Histogram of_counts();   // 1 to 4,096

  void add(double value);
  void add(Duration duration) { add(std::chrono::duration<double>(duration).count()); }
  void add(const Histogram& other);  // with the same bounds

  std::span<const double> bounds() const { return bounds_; }
  std::uint64_t in_bucket(std::size_t index) const { return buckets_.at(index); }  // the last is for what is above
  double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::array<std::uint64_t, most_bounds + 1> buckets_{};
  double sum_ = 0;
};

class MetricsPage {
 public:
  using Label = std::pair<std::string_view, std::string_view>;
  using Labels = std::initializer_list<Label>;
  enum class Type { counter, gauge, histogram };

  void counter(std::string_view name, std::string_view help, std::uint64_t value);
  void gauge(std::string_view name, std::string_view help, double value);
  void histogram(std::string_view name, std::string_view help, const Histogram& histogram);

  // A name with several values: what it is, then each of them. Label values may be anything that a peer calls itself.
  void begin(std::string_view name, Type type, std::string_view help);
  void value(Labels labels, double value);

  const std::string& text() const { return text_; }

 private:
  void line(std::string_view name, Labels labels, double value);

  std::string text_;
  std::string name_;
};

}  // namespace fairlead
