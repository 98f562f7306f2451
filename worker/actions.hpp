// What the worker machine asks its shell to do, in the order in which it is to be done.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "bus/ids.hpp"
#include "schemas/records.hpp"

namespace fairlead::worker {

// Close what is open; open a DEALER and a PUB. All further frames are for these.
struct OpenLink {
  LinkId link;
  bool operator==(const OpenLink&) const = default;
};
struct CloseLink {
  bool operator==(const CloseLink&) const = default;
};
// A frame for the DEALER. When it cannot be sent, the link is broken (Worker::on_link_broken), except while dialing: a
// hello may find nobody connected yet, and is said again soon.
struct SendControl {
  std::string frame;
  bool operator==(const SendControl&) const = default;
};
// A frame for the PUB; it begins with the link's outcomes topic.
struct Publish {
  std::string frame;
  bool operator==(const Publish&) const = default;
};
// What comes of Worker::ask(): the broker's answer, or none because the link ended before it came.
struct Answered {
  schemas::Answer answer;
  bool operator==(const Answered&) const = default;
};
struct Unanswered {
  std::uint64_t id = 0;
  bool operator==(const Unanswered&) const = default;
};
// A publication (Worker::publish) is committed.
struct Published {
  std::uint64_t id = 0;
  bool operator==(const Published&) const = default;
};
// A fact worth a line in the log.
struct Note {
  enum class Level { debug, info, warning };
  Level level = Level::info;
  std::string event;  // one word, "link_lost"
  std::string text;
  bool operator==(const Note&) const = default;
};

using Action = std::variant<OpenLink, CloseLink, SendControl, Publish, Answered, Unanswered, Published, Note>;
using Actions = std::vector<Action>;

}  // namespace fairlead::worker
