#include "apps/echo.hpp"

namespace fairlead::apps {

void Echo::on_message(Context& ctx, std::string_view message) { ctx.reply(message); }

}  // namespace fairlead::apps
