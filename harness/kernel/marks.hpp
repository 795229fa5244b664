// Marks: a kernel tells which part of run() begins. It can only write: how long the parts took is the harness' matter.
#pragma once

#include <string>

namespace tandem {

class Marks {
 public:
  virtual ~Marks() = default;
  virtual int part(const std::string& name) = 0;  // in the constructor; the same parts in the same order on every rank
  virtual void enter(int part) = 0;               // ends the part before it; run()'s return ends the last
};

// For callers that do not care (tests, tandem-gbench).
inline Marks& no_marks() {
  static class : public Marks {
    int part(const std::string&) override { return 0; }
    void enter(int) override {}
  } none;
  return none;
}

}  // namespace tandem
