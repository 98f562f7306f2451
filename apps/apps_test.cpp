#include "apps/apps.hpp"

#include <gtest/gtest.h>

#include "apps/chat.hpp"
#include "apps/echo.hpp"

namespace fairlead::apps {

TEST(Apps, are_found_by_name) {
  EXPECT_NE(dynamic_cast<Chat*>(app_named("chat").value()().get()), nullptr);
  EXPECT_NE(dynamic_cast<Echo*>(app_named("echo").value()().get()), nullptr);
  EXPECT_EQ(app_named("chta").error().message, "there is no app 'chta'; there are bench, chat and echo");
}

}  // namespace fairlead::apps
