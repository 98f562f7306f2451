#include "apps/bench.hpp"

namespace fairlead::apps {

void Bench::on_message(Context& ctx, std::string_view message) {
  if (message.starts_with('@')) {
    const auto blank = message.find(' ');
    if (blank != std::string_view::npos)
      return ctx.send_to_group(message.substr(1, blank - 1), message.substr(blank + 1));
  }
  if (message.starts_with('+') && message.size() > 1) ctx.join_group(message.substr(1));
  ctx.reply(message);
}

}  // namespace fairlead::apps
