#include "bus/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bus/check.hpp"
#include "bus/text.hpp"

namespace fairlead {
namespace {

constexpr std::array seconds_bounds{0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01,
                                    0.03,    0.1,     0.3,    1.0,    3.0,   10.0,  30.0};
constexpr std::array counts_bounds{1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0};

std::string number(double value) {
  std::array<char, 32> text{};
  const bool whole = std::abs(value) < 9e15 && std::floor(value) == value;
  std::snprintf(text.data(), text.size(), whole ? "%.0f" : "%.15g", value);
  return text.data();
}

// What the format asks for: valid UTF-8, and three characters escaped.
std::string escaped(std::string_view value) {
  const std::string text = is_utf8(value) ? std::string(value) : printable(value, value.size() * 4 + 3);
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Histogram::Histogram(std::span<const double> bounds) : bounds_(bounds) {
  FAIRLEAD_CHECK(bounds.size() <= most_bounds, "a histogram with too many bounds");
}
Histogram Histogram::of_seconds() { return Histogram(seconds_bounds); }
Histogram Histogram::of_counts() { return Histogram(counts_bounds); }

void Histogram::add(double value) {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  ++buckets_.at(static_cast<std::size_t>(at - bounds_.begin()));
  sum_ += value;
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_.at(i) += other.buckets_.at(i);
  sum_ += other.sum_;
}

void MetricsPage::begin(std::string_view name, Type type, std::string_view help) {
  static constexpr std::array<std::string_view, 3> types{"counter", "gauge", "histogram"};
  name_ = name;
  text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " ";
  text_ += types.at(static_cast<std::size_t>(type));
  text_ += '\n';
}

void MetricsPage::value(Labels labels, double value) { line(name_, labels, value); }

void MetricsPage::line(std::string_view name, Labels labels, double value) {
  text_ += name;
  const char* separator = "{";
  for (const auto& [key, text] : labels) {
    (((text_ += separator) += key) += "=\"") += escaped(text) + "\"";
    separator = ",";
  }
  if (labels.size() > 0) text_ += '}';
  text_ += " " + number(value) + "\n";
}

void MetricsPage::counter(std::string_view name, std::string_view help, std::uint64_t value) {
  begin(name, Type::counter, help);
  line(name, {}, static_cast<double>(value));
}

void MetricsPage::gauge(std::string_view name, std::string_view help, double value) {
  begin(name, Type::gauge, help);
  line(name, {}, value);
}

void MetricsPage::histogram(std::string_view name, std::string_view help, const Histogram& histogram) {
  begin(name, Type::histogram, help);
  const std::string bucket = name_ + "_bucket";
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
    count += histogram.in_bucket(i);
    line(bucket, {{"le", number(histogram.bounds()[i])}}, static_cast<double>(count));
  }
  count += histogram.in_bucket(histogram.bounds().size());
  line(bucket, {{"le", "+Inf"}}, static_cast<double>(count));
  line(name_ + "_sum", {}, histogram.sum());
  line(name_ + "_count", {}, static_cast<double>(count));
}

}  // namespace fairlead
