#include "broker/admission.hpp"

#include <string>

#include <gtest/gtest.h>

namespace fairlead::broker {
namespace {

const std::string one = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
const std::string other = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

Admission parsed(const std::string& file) { return Admission::parse(file).value(); }

TEST(Admission, a_role_opens_its_own_sockets) {
  const auto admits = [](const std::string& role) {
    const Admission admission = parsed(role + " " + one);
    std::string sockets;
    for (const auto socket : {BusSocket::frontend, BusSocket::deliveries, BusSocket::backend, BusSocket::outcomes,
                              BusSocket::admin, BusSocket::tap}) {
      if (admission.admits(one, socket)) sockets += std::string(fairlead::text(socket)) + " ";
      EXPECT_FALSE(admission.admits(other, socket));
    }
    return sockets;
  };
  EXPECT_EQ(admits("gateway"), "frontend deliveries ");
  EXPECT_EQ(admits("worker"), "backend outcomes ");
  EXPECT_EQ(admits("operator"), "admin tap ");
  EXPECT_EQ(admits("tap"), "tap ");
}

TEST(Admission, a_file_may_have_comments_names_and_a_key_with_two_roles) {
  const Admission admission =
      parsed("# who may come\n\n  gateway\t" + one + "  gateway-1 \r\nworker " + one + "\n\ntap " + other);
  EXPECT_EQ(admission.size(), 3U);
  EXPECT_TRUE(admission.admits(one, BusSocket::frontend));
  EXPECT_TRUE(admission.admits(one, BusSocket::outcomes));
  EXPECT_EQ(parsed("").size(), 0U);
}

TEST(Admission, what_is_wrong_is_told_with_its_line) {
  EXPECT_EQ(Admission::parse("# x\ngatway " + one).error().message,
            "line 2: 'gatway' is no role; there are gateway, worker, operator and tap");
  EXPECT_EQ(Admission::parse("tap").error().message, "line 1: a public key belongs behind the role");
  EXPECT_EQ(Admission::parse("tap abc").error().message, "line 1: a key has 40 characters, not 3");
}

TEST(Admission, who_is_refused_is_told_apart) {
  const Admission admission = parsed("gateway " + one + " gateway-1");
  EXPECT_EQ(admission.why_not(other, BusSocket::tap),
            "its key is not among the peers; to let it in, add it there as operator or tap");
  EXPECT_EQ(admission.why_not(one, BusSocket::backend),
            "the key of gateway-1 is a gateway's, and this socket is for a worker");
}

TEST(Admission, a_peer_that_is_taken_out_or_changes_its_role_loses_rights) {
  const Admission before = parsed("operator " + one + "\nworker " + other);
  EXPECT_FALSE(before.admits_more_than(before));
  EXPECT_FALSE(before.admits_more_than(parsed("worker " + other + "\noperator " + one + " renamed\ngateway " + one)));
  EXPECT_TRUE(before.admits_more_than(parsed("operator " + one)));
  EXPECT_TRUE(before.admits_more_than(parsed("tap " + one + "\nworker " + other)));
}

}  // namespace
}  // namespace fairlead::broker
