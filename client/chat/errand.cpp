#include "client/chat/errand.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace fairlead::client {
namespace {

using Json = nlohmann::json;

std::string_view trimmed(std::string_view text) {
  static constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// Texts as they are, numbers in digits.
std::string word_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_integer() ? std::to_string(found->get<std::int64_t>()) : std::string();
}

}  // namespace

void Errand::on_sent(std::string_view line) {
  const std::string_view text = trimmed(line);
  Line waits{.answer = "say", .to = "all", .text = std::string(line)};
  if (text.starts_with('/') && !text.starts_with("//")) {
    const std::string word(text.substr(1, text.find_first_of(" \t") - 1));
    if (word == "who" || word == "help" || word == "name" || word == "join") {
      waits.answer = word;
    } else if (word == "leave") {
      waits.answer = "part";
    } else {
      waits.to = word.starts_with('#') ? word : "#" + word;
    }
  } else if (const auto digits = text.find_first_not_of("0123456789");
             digits != 0 && digits != std::string_view::npos && text[digits] == ':') {
    const auto significant = std::min(text.find_first_not_of('0'), digits - 1);
    waits.to = text.substr(significant, digits - significant);
  }
  waiting_.push_back(std::move(waits));
}

void Errand::on_received(std::string_view message) {
  const Json object = Json::parse(message, nullptr, false);
  const std::string type = object.is_object() ? word_of(object, "type") : std::string();
  if (type == "welcome" && object.contains("uid") && object["uid"].is_number_integer()) {
    me_ = object["uid"].get<std::int64_t>();
    return;
  }
  if (waiting_.empty()) return;
  const Line& oldest = waiting_.front();
  const bool mine = word_of(object, type == "say" ? "from" : "uid") == std::to_string(me_);
  bool answered = false;
  if (type == "error") {
    answered = true;
    ++refused_;
  } else if (type == "say") {
    answered = mine && oldest.answer == type && word_of(object, "to") == oldest.to;
  } else if (type == "who" || type == "help") {
    answered = oldest.answer == type;
  } else if (!type.empty()) {
    answered = mine && oldest.answer == type;
  } else {
    answered = message == oldest.text;  // the echo app
  }
  if (answered) waiting_.pop_front();
}

}  // namespace fairlead::client
