#include "bus/patience.hpp"

namespace fairlead {

void Patience::on_open(Instant now) { ends_ = now + (++attempts_ % long_one_in == 0 ? longest : usual); }

}  // namespace fairlead
