// FAIRLEAD_CHECK states what must be true unless *we* made a mistake. It is on in every build, ends the process with the
// place and the reason, and is never about input: what a peer or a user sends is judged with Result (bus/result.hpp).
#pragma once

namespace fairlead {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* why) noexcept;

}  // namespace fairlead

#define FAIRLEAD_CHECK(condition, why) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::fairlead::check_failed(__FILE__, __LINE__, #condition, why))
