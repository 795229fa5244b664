// The meters of all nodes of a run: one process a node, started by the site's launcher for as long as the run takes,
// tells what its meters show, line by line on stdout. Here its readings are placed on this host's clock by the time of
// day, so the nodes must follow the same time (NTP, better PTP); d seconds off make an error of up to d (Pmax - Pmin)
// an edge.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/meter/meter.hpp"

namespace tandem {

// A node's side: one line for each meter, then one line for all readings every `period` seconds, until `stop` or nobody
// reads any more. `nodes` is how many such processes there are. Returns whether the reader is still there.
bool tell_meters(Meters& meters, const std::string& unmetered, const std::string& node, int nodes, double period,
                 int file, const std::function<bool()>& stop);

// Processes of this launch as the launcher's environment tells (Slurm, Open MPI, MPICH); 1 where it tells nothing.
int launched_processes();

// Seconds between two readings: 320 lines a second at most reach the coordinator, whose node is measured as well.
double telling_period(int nodes);

// The coordinator's side.
class NodeMeters {
 public:
  // Starts `launcher` (a command, split at spaces) before "PROGRAM meter" and waits until every node has told its
  // meters. Errors (exit code 1): it ended, or was silent for `patience` seconds; two processes on one node.
  NodeMeters(const std::string& launcher, double patience = 60);
  ~NodeMeters();
  NodeMeters(const NodeMeters&) = delete;
  NodeMeters& operator=(const NodeMeters&) = delete;

  Meters meters() const;                // of every node, "powercap/package-0@1a2b3c4d5e6f"; they outlive this
  std::set<std::string> nodes() const;  // digests of their names
  std::string unmetered() const;        // why nodes have none, a node a reason; "" = all have one
  double cpu_share() const;             // of one core, on the node where reading costs most
  struct Board;                         // what the nodes have told

 private:
  void end();
  std::shared_ptr<Board> board_;
};

}  // namespace tandem
