// Who may come to the bus, when it has keys: the file of --peers, a line for each.
//
//   # role    public key                                name
//   gateway   Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID  gateway-1
//
// A role opens the sockets that it needs and no others. What a gateway or a worker says of itself inside (its name) is
// not bound to its key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bus/endpoints.hpp"
#include "bus/result.hpp"

namespace fairlead::broker {

enum class Role {
  gateway,    // frontend, deliveries
  worker,     // backend, outcomes; publishers too, for what they say has the same weight
  operators,  // admin, tap
  tap,        // tap
};
std::string_view text(Role role);

struct Invited {
  Role role = Role::tap;
  std::string key;   // public
  std::string name;  // for people; may be empty
};

class Admission {
 public:
  // The error begins with the number of the line.
  static Result<Admission> parse(std::string_view file);

  bool admits(std::string_view key, BusSocket socket) const;
  // Why not, with what to write into the file if it should.
  std::string why_not(std::string_view key, BusSocket socket) const;
  // Whether somebody gets in somewhere who would not with `other`.
  bool admits_more_than(const Admission& other) const;
  std::size_t size() const { return invited_.size(); }

 private:
  std::vector<Invited> invited_;
};

}  // namespace fairlead::broker
