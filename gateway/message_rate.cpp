#include "gateway/message_rate.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

#include "bus/text.hpp"

namespace fairlead::gateway {

Result<MessageRate> MessageRate::parse(std::string_view text) {
  if (text.empty() || text == "0") return MessageRate{};
  MessageRate rate;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), rate.count);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  rate.period = unit == "/s" ? Duration{1s} : unit == "/m" ? Duration{1min} : unit == "/h" ? Duration{1h} : Duration{0};
  if (failure != std::errc{} || rate.period == Duration{0} || rate.count == 0 || rate.count > 1'000'000) {
    return Error{"'" + printable(text) + "' is not a rate: write 20/s, 100/m or 1000/h, or 0 for none"};
  }
  rate.burst = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(rate.count / (rate.period / Duration{1s})));
  return rate;
}

void Speech::on_message(const MessageRate& rate, Instant now) {
  spent_until_ = std::max(spent_until_, now) + rate.period / rate.count;
}

Instant Speech::next(const MessageRate& rate) const {
  return spent_until_ - rate.period / rate.count * (rate.burst - 1);
}

}  // namespace fairlead::gateway
