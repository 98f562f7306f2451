// Places where the simulation can take a rule away, to prove that it would notice (tests/simulation/). Everywhere else
// the question is answered `false` by the compiler and the code behind it is gone.
//
//   if (FAIRLEAD_MUTATION(no_link_numbers)) return Take::yes;
#pragma once

#ifdef FAIRLEAD_MUTATIONS

#include <string>
#include <string_view>

namespace fairlead {

inline std::string active_mutation;  // set by `fairlead-simulation-mutated --mutate NAME`, before anything runs
inline bool mutated(std::string_view name) { return active_mutation == name; }

}  // namespace fairlead

#define FAIRLEAD_MUTATION(name) (::fairlead::mutated(#name))

#else

#define FAIRLEAD_MUTATION(name) false

#endif
