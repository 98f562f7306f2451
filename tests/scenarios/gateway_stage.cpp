#include "tests/scenarios/gateway_stage.hpp"

#include <stdexcept>

#include "bus/text.hpp"
#include "schemas/codec.hpp"
#include "tests/scenarios/words.hpp"

namespace fairlead::scenarios {
namespace {

using gateway::Conversation;

ClientId client(const std::string& number) { return Conversation::client(std::stoull(number)); }

void append_record(std::string& out, const std::string& word) {
  const auto parts = parts_of(word, 3);
  const std::string& kind = parts.front();
  const auto part = [&](std::size_t i) {
    return i < parts.size() ? parts[i] : throw std::runtime_error("too little in " + word);
  };
  const auto rest = [&] { return word.substr(std::min(word.size(), kind.size() + 1)); };
  if (kind == "client") return schemas::append(out, Conversation::to_client(std::stoull(part(1)), part(2)));
  if (kind == "all") return schemas::append(out, Conversation::to_all(rest()));
  if (kind == "group") return schemas::append(out, Conversation::to_groups({part(1)}, part(2)));
  if (kind == "uid") return schemas::append(out, Conversation::to_uids({part(1)}, part(2)));
  if (kind == "committed")
    return schemas::append(out, Conversation::committed(std::stoull(part(1)), std::stoull(part(2))));
  if (kind == "bound") return schemas::append(out, Conversation::bound(std::stoull(part(1)), part(2)));
  if (kind == "joined") return schemas::append(out, Conversation::joined(std::stoull(part(1)), part(2)));
  if (kind == "left") return schemas::append(out, schemas::Left{client(part(1)), part(2)});
  if (kind == "close")
    return schemas::append(out, schemas::Close{.client = client(part(1)), .reason = "closed by the application"});
  if (kind == "refused")
    return schemas::append(out, schemas::Refused{.client = client(part(1)), .reason = "not known"});
  if (kind == "gap")
    return schemas::append(out, schemas::Gap{.through = std::stoull(part(1)), .reason = "too far behind"});
  if (kind == "reset") return schemas::append(out, schemas::Reset{"start over"});
  throw std::runtime_error("no such record: " + word);
}

}  // namespace

std::vector<std::string> GatewayStage::play(const std::vector<std::string>& inputs) {
  std::vector<std::string> said;
  for (const auto& line : inputs) {
    for (auto& answer : input(line)) said.push_back(std::move(answer));
  }
  for (auto& answer : talk_.turn()) said.push_back(std::move(answer));
  return said;
}

std::vector<std::string> GatewayStage::input(const std::string& line) {
  const auto words = words_of(line);
  const std::string& verb = words.at(0);
  if (verb == "link")
    return talk_.links(std::stoull(option(words, "lineage", "1")), std::stoull(option(words, "next", "1")));
  if (verb == "break") return talk_.breaks();
  if (verb == "wait") return talk_.passes(parse_duration(words.at(1)).value());
  if (verb == "open") return talk_.opens(std::stoull(words.at(1)));
  if (verb == "say") return talk_.says(std::stoull(words.at(1)), words.at(2));
  if (verb == "leave") return talk_.leaves(std::stoull(words.at(1)));
  if (verb == "deliver" || verb == "tell") {
    const bool numbered = verb == "deliver";
    schemas::FrameBuilder frame(numbered ? schemas::deliveries_topic(talk_.link) : "");
    for (std::size_t i = numbered ? 2 : 1; i < words.size(); ++i) append_record(frame.body(), words[i]);
    if (numbered) {
      talk_.gateway.on_delivery_frame(frame.finish({.link = talk_.link, .seq = std::stoull(words.at(1))}), talk_.now,
                                      talk_.actions);
    } else {
      talk_.gateway.on_frontend_frame(frame.finish({.link = talk_.link}), talk_.now, talk_.actions);
    }
    return talk_.take();
  }
  throw std::runtime_error("no such input: " + line);
}

}  // namespace fairlead::scenarios
