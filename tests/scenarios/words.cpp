#include "tests/scenarios/words.hpp"

#include <sstream>

namespace fairlead::scenarios {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string option(const std::vector<std::string>& words, const std::string& name, const std::string& otherwise) {
  for (const auto& word : words) {
    if (word.starts_with(name + "=")) return word.substr(name.size() + 1);
  }
  return otherwise;
}

std::vector<std::string> parts_of(const std::string& word, std::size_t most) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (parts.size() + 1 < most) {
    const auto colon = word.find(':', at);
    if (colon == std::string::npos) break;
    parts.push_back(word.substr(at, colon - at));
    at = colon + 1;
  }
  parts.push_back(word.substr(at));
  return parts;
}

}  // namespace fairlead::scenarios
