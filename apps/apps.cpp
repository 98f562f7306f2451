#include "apps/apps.hpp"

#include "apps/bench.hpp"
#include "apps/chat.hpp"
#include "apps/echo.hpp"
#include "bus/text.hpp"

namespace fairlead::apps {

Result<MakeHandler> app_named(std::string_view name) {
  if (name == "chat") return MakeHandler([] { return std::make_unique<Chat>(); });
  if (name == "echo") return MakeHandler([] { return std::make_unique<Echo>(); });
  if (name == "bench") return MakeHandler([] { return std::make_unique<Bench>(); });
  return Error{"there is no app '" + printable(name) + "'; there are bench, chat and echo"};
}

}  // namespace fairlead::apps
