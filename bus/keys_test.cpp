#include "bus/keys.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

// From ZeroMQ RFC 32 and zmq_curve(7).
constexpr auto key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

TEST(Keys, are_forty_characters_of_z85) {
  EXPECT_TRUE(check_key(key));
  EXPECT_EQ(check_key("Yne@").error().message, "a key has 40 characters, not 4");
  EXPECT_FALSE(check_key("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI~"));
  EXPECT_FALSE(check_key(std::string(40, '#'))) << "more than 32 bits in five characters";
  EXPECT_TRUE(check_key("%nSc0" + std::string(35, '0'))) << "all ones";
  EXPECT_FALSE(check_key("%nSc1" + std::string(35, '0')));
}

TEST(Keys, an_error_does_not_repeat_what_may_be_a_secret) {
  const std::string almost = std::string(key) + "x";
  EXPECT_EQ(check_key(almost).error().message.find(almost), std::string::npos);
  EXPECT_EQ(key_in(almost).error().message.find(almost), std::string::npos);
}

TEST(Keys, stand_in_files_with_comments) {
  EXPECT_EQ(key_in(key).value(), key);
  EXPECT_EQ(key_in(std::string("# of gateway-1\n\n  ") + key + " \r\n#\n").value(), key);
  EXPECT_FALSE(check_key("#" + std::string(39, '0'))) << "so a line with # in front is no key";
  EXPECT_EQ(key_in("# nothing\n").error().message, "there is no key in it");
  EXPECT_EQ(key_in("").error().message, "there is no key in it");
  EXPECT_EQ(key_in(std::string(key) + "\n" + key).error().message, "there is more than one key in it");
}

}  // namespace
}  // namespace fairlead
