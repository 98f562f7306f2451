#!/usr/bin/python3
"""Half a minute of tools/soak; another seed each time, which a failure tells."""

from bus import SEED, BusTest, main
from soak import Soak


class ShortSoak(BusTest):
    def test_half_a_minute_of_faults_of_all_kinds(self):
        result = Soak(minutes=0.5, seed=SEED, users=32, rate=1500).run()
        self.assertGreater(result["received"], 1000)
        self.assertGreater(sum(result["faults"].values()), 5)


if __name__ == "__main__":
    main()
