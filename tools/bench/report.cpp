#include "tools/bench/report.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <map>

namespace fairlead::bench {
namespace {

using Json = nlohmann::ordered_json;

[[gnu::format(printf, 2, 3)]] void print(std::string& out, const char* format, ...) {
  std::array<char, 512> line{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line.data(), line.size(), format, arguments);
  va_end(arguments);
  out += line.data();
}

std::string in_units(double bytes) {
  std::string out;
  if (bytes >= 1 << 20U) {
    print(out, "%.1f MiB", bytes / (1 << 20U));
  } else {
    print(out, "%.0f KiB", bytes / 1024);
  }
  return out;
}

// The same process in all rounds, by its name.
std::vector<ProcessCost> medians_of_processes(const Contender& contender) {
  std::vector<ProcessCost> out;
  std::map<std::string, std::vector<ProcessCost>> by_name;
  for (const auto& round : contender.rounds) {
    for (const auto& process : round.processes) by_name[process.name].push_back(process);
  }
  for (const auto& [name, costs] : by_name) {
    const auto of = [&costs = costs](double ProcessCost::*figure) {
      std::vector<double> values;
      values.reserve(costs.size());
      for (const auto& cost : costs) values.push_back(cost.*figure);
      return median(std::move(values));
    };
    out.push_back({.name = name,
                   .cpu = of(&ProcessCost::cpu),
                   .memory = of(&ProcessCost::memory),
                   .growth = of(&ProcessCost::growth)});
  }
  return out;
}

std::vector<std::pair<std::string, double>> medians_of_more(const Contender& contender) {
  std::vector<std::pair<std::string, double>> out;
  if (contender.rounds.empty()) return out;
  for (std::size_t i = 0; i < contender.rounds.front().more.size(); ++i) {
    std::vector<double> values;
    values.reserve(contender.rounds.size());
    for (const auto& round : contender.rounds) values.push_back(round.more[i].second);
    out.emplace_back(contender.rounds.front().more[i].first, median(std::move(values)));
  }
  return out;
}

Json json_of(const Tally& tally) {
  return {{"sent", tally.sent},
          {"received", tally.received},
          {"lost", tally.lost},
          {"doubled", tally.duplicated},
          {"reordered", tally.reordered},
          {"foreign", tally.foreign},
          {"disconnected", tally.disconnected}};
}

Json json_of(const Contender& contender) {
  Json rounds = Json::array();
  for (const auto& round : contender.rounds)
    rounds.push_back(
        {{"per_second", round.per_second}, {"cpu_us", round.cpu}, {"p50_us", round.p50}, {"p99_us", round.p99}});
  Json processes = Json::array();
  for (const auto& cost : medians_of_processes(contender)) {
    processes.push_back({{"name", cost.name},
                         {"cpu_us_per_message", cost.cpu},
                         {"memory_bytes", cost.memory},
                         {"growth_bytes_per_user", cost.growth}});
  }
  Json more = Json::object();
  for (const auto& [name, value] : medians_of_more(contender)) more[name] = value;
  return {{"name", contender.name},
          {"per_second", contender.median_of(&Measurement::per_second)},
          {"cpu_us_per_message", contender.median_of(&Measurement::cpu)},
          {"latency_us",
           {{"p50", contender.median_of(&Measurement::p50)},
            {"p90", contender.median_of(&Measurement::p90)},
            {"p99", contender.median_of(&Measurement::p99)},
            {"p999", contender.median_of(&Measurement::p999)},
            {"longest", contender.median_of(&Measurement::longest)}}},
          {"integrity", json_of(contender.tally())},
          {"processes", std::move(processes)},
          {"more", std::move(more)},
          {"rounds", std::move(rounds)}};
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double Contender::median_of(double Measurement::*figure) const {
  std::vector<double> values;
  values.reserve(rounds.size());
  for (const auto& round : rounds) values.push_back(round.*figure);
  return median(std::move(values));
}

Tally Contender::tally() const {
  Tally all;
  for (const auto& round : rounds) all += round.tally;
  return all;
}

double ratio(const Contender& first, const Contender& other, double Measurement::*figure) {
  const double divisor = other.median_of(figure);
  return divisor == 0 ? 0 : first.median_of(figure) / divisor;
}

bool Report::is_clean() const {
  return std::all_of(contenders.begin(), contenders.end(), [](const Contender& one) {
    const Tally tally = one.tally();
    return one.name.starts_with("raw") || (tally.is_clean() && !one.rounds.empty());
  });
}

std::string Report::table() const {
  std::string out = scenario;
  for (const auto& [name, value] : conditions)
    out += (name == conditions.front().first ? ": " : ", ") + name + " " + value;
  print(out, "\n\n%-22s %12s %9s %9s %9s %9s %10s   %s\n", "", "messages/s", "p50 us", "p90 us", "p99 us", "max us",
        "us CPU/msg", "lost doubled reordered foreign disconnected");
  for (const auto& one : contenders) {
    const Tally t = one.tally();
    print(out, "%-22s %12.0f %9.0f %9.0f %9.0f %9.0f %10.2f   %llu %llu %llu %llu %llu\n", one.name.c_str(),
          one.median_of(&Measurement::per_second), one.median_of(&Measurement::p50), one.median_of(&Measurement::p90),
          one.median_of(&Measurement::p99), one.median_of(&Measurement::longest), one.median_of(&Measurement::cpu),
          static_cast<unsigned long long>(t.lost), static_cast<unsigned long long>(t.duplicated),
          static_cast<unsigned long long>(t.reordered), static_cast<unsigned long long>(t.foreign),
          static_cast<unsigned long long>(t.disconnected));
  }
  for (const auto& one : contenders) {
    print(out, "\n%s, medians of %zu rounds\n", one.name.c_str(), one.rounds.size());
    for (const auto& cost : medians_of_processes(one)) {
      print(out, "  %-20s %8.3f us CPU/msg %12s %+10.0f bytes for each user\n", cost.name.c_str(), cost.cpu,
            in_units(cost.memory).c_str(), cost.growth);
    }
    for (const auto& [name, value] : medians_of_more(one)) print(out, "  %12.0f %s\n", value, name.c_str());
  }
  for (std::size_t i = 1; i < contenders.size(); ++i) {
    print(out, "\n%s / %s: messages/s %.3f, CPU %.3f, p50 %.2f, p99 %.2f", contenders.front().name.c_str(),
          contenders[i].name.c_str(), ratio(contenders.front(), contenders[i], &Measurement::per_second),
          ratio(contenders.front(), contenders[i], &Measurement::cpu),
          ratio(contenders.front(), contenders[i], &Measurement::p50),
          ratio(contenders.front(), contenders[i], &Measurement::p99));
  }
  if (contenders.size() > 1) out += '\n';
  if (!is_clean()) out += "\nINTEGRITY IS BROKEN: see the counts\n";
  return out;
}

Json Report::json() const {
  Json asked = Json::object();
  for (const auto& [name, value] : conditions) asked[name] = value;
  Json all = Json::array();
  for (const auto& one : contenders) all.push_back(json_of(one));
  Json ratios = Json::array();
  for (std::size_t i = 1; i < contenders.size(); ++i) {
    ratios.push_back({{"of", contenders.front().name},
                      {"to", contenders[i].name},
                      {"per_second", ratio(contenders.front(), contenders[i], &Measurement::per_second)},
                      {"cpu", ratio(contenders.front(), contenders[i], &Measurement::cpu)},
                      {"p50", ratio(contenders.front(), contenders[i], &Measurement::p50)},
                      {"p99", ratio(contenders.front(), contenders[i], &Measurement::p99)}});
  }
  return {{"scenario", scenario},
          {"conditions", std::move(asked)},
          {"clean", is_clean()},
          {"contenders", std::move(all)},
          {"ratios", std::move(ratios)}};
}

}  // namespace fairlead::bench
