#include "tests/scenarios/scenario.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace fairlead::scenarios {
namespace {

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

std::string replay(const std::string& text, const Stage& stage) {
  std::string out;
  std::vector<std::string> inputs;
  bool answering = false;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line == "----") {
      out += line + "\n";
      try {
        for (const auto& said : stage(inputs)) out += said + "\n";
      } catch (const std::exception& wrong) {
        throw std::runtime_error("before line " + std::to_string(number) + ": " + wrong.what());
      }
      inputs.clear();
      answering = true;
      continue;
    }
    if (line.empty()) answering = false;
    if (answering) continue;  // what the machine said when this was recorded
    out += line + "\n";
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream parts(line);
    for (std::string part; std::getline(parts, part, '|');) inputs.push_back(trimmed(part));
  }
  return out;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace fairlead::scenarios
