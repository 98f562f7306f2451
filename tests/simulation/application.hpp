// The business code of the simulated bus. A user's message is an order, "#5 say g1 !slow", its number counted by the
// user from 1; what handling it leads to is a function of the message and the client's session, so that the reference
// model (model.hpp) can work it out again. Every handler also tells the auditor, in the same outcome, what it did: so
// one stream shows all commits in their order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/ids.hpp"
#include "bus/random.hpp"
#include "bus/time.hpp"
#include "schemas/effect.hpp"
#include "schemas/records.hpp"
#include "tests/simulation/settings.hpp"

namespace fairlead::simulation {

inline constexpr std::string_view auditor_uid = "audit";
inline constexpr std::string_view auditor_path = "/audit";

// Small, so that stuck handlers do not take up the whole run.
inline constexpr Duration handler_deadline = 2s;
inline constexpr Duration gateway_dead = 8s;

// What becomes of whoever handles the message, up to this attempt.
enum class Mood : std::uint8_t { none, poison, failing, slow, stuck, asking, later };

struct Order {
  std::uint64_t number = 0;  // of the user's message, from 1
  std::string verb;
  std::string target;
  Mood mood = Mood::none;
  std::uint64_t attempts = 0;  // how many of them the mood spoils; 9 is for ever

  static Order parse(std::string_view text);
};

// What a user says next.
std::string make_order(std::uint64_t number, Random& random, Faults faults);

// One event as the handler gets it, and as the auditor hears of it.
struct Handled {
  ClientId client;
  std::uint64_t seq = 0;
  schemas::EventKind kind = schemas::EventKind::message;
  std::uint64_t count = 0;  // of this client's events handled before, as its session says
  // The message; of an open its path, of a close its reason, of a timer its name; of a group "joined g1 3" or "left g1 2".
  std::string text;

  std::string encode() const;
  static std::optional<Handled> decode(std::string_view audit);
};

// What a worker says of its own accord, now and then.
struct Word {
  std::uint64_t incarnation = 0;
  std::uint64_t number = 0;  // from 1

  std::string encode() const;
  static std::optional<Word> decode(std::string_view audit);
};
std::vector<schemas::Effect> effects_of(const Word& word);

// The message that a user gets because of part `part` of the outcome of this event.
std::string tag(const ClientId& client, std::uint64_t seq, unsigned part);

// What handling it leads to, without the word to the auditor.
std::vector<schemas::Effect> effects_of(const Handled& handled);
// That word.
schemas::Effect audit_of(const Handled& handled);

}  // namespace fairlead::simulation
