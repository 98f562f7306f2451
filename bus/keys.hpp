// CURVE keys as people handle them: 40 characters of Z85 (ZeroMQ RFC 32), one in a file.
#pragma once

#include <string>
#include <string_view>

#include "bus/result.hpp"

namespace fairlead {

struct KeyPair {
  std::string public_key;
  std::string secret_key;  // never in a log, an answer or an error
};

// What a process proves on the bus and expects of it. All empty: a bus without keys.
struct Keys {
  KeyPair own;
  std::string broker;  // public; empty at the broker itself
};

// Whether it can be a key. The error does not repeat it: it may be a secret.
Status check_key(std::string_view text);

// The one key that a file holds beside empty lines and comments (#..., which no key begins with).
Result<std::string> key_in(std::string_view file);

}  // namespace fairlead
