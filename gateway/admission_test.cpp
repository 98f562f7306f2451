#include "gateway/admission.hpp"

#include <gtest/gtest.h>

namespace fairlead::gateway {
namespace {

using protocols::IpAddress;
using Verdict = Admission::Verdict;

TEST(Admission, without_limits_everybody_is_welcome) {
  Admission admission({});
  for (std::uint64_t user = 1; user <= 1000; ++user) {
    EXPECT_EQ(admission.come(), Verdict::welcome);
    EXPECT_EQ(admission.place({user}, IpAddress::v4(192, 0, 2, 7)), Verdict::welcome);
  }
  EXPECT_EQ(admission.here(), 1000U);
}

TEST(Admission, the_total_has_an_end_until_somebody_leaves) {
  Admission admission({.total = 2});
  EXPECT_EQ(admission.come(), Verdict::welcome);
  EXPECT_EQ(admission.come(), Verdict::welcome);
  EXPECT_EQ(admission.come(), Verdict::too_many);
  admission.leave({1});
  EXPECT_EQ(admission.come(), Verdict::welcome);
}

TEST(Admission, each_household_has_an_end_of_its_own) {
  Admission admission({.per_address = 1});
  auto comes_from = [&, user = std::uint64_t{0}](const char* address) mutable {
    EXPECT_EQ(admission.come(), Verdict::welcome);
    return admission.place({++user}, *IpAddress::parse(address));
  };
  EXPECT_EQ(comes_from("192.0.2.7"), Verdict::welcome);
  EXPECT_EQ(comes_from("192.0.2.7"), Verdict::too_many_from_there);
  EXPECT_EQ(comes_from("192.0.2.8"), Verdict::welcome);
  EXPECT_EQ(comes_from("2001:db8:0:1::1"), Verdict::welcome);
  EXPECT_EQ(comes_from("2001:db8:0:1:ffff::2"), Verdict::too_many_from_there);
  EXPECT_EQ(comes_from("2001:db8:0:2::1"), Verdict::welcome);
  admission.leave({2});  // was refused: nobody's place
  EXPECT_EQ(comes_from("192.0.2.7"), Verdict::too_many_from_there);
  admission.leave({1});
  EXPECT_EQ(comes_from("192.0.2.7"), Verdict::welcome);
}

}  // namespace
}  // namespace fairlead::gateway
