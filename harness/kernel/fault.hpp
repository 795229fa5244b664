// An error as a value: what crosses the border between the program and a module, where no exception may.
#pragma once

#include <new>
#include <string>

#include "harness/base/check.hpp"

namespace tandem {

struct Fault {
  bool happened = false;
  Exit code = Exit::ok;
  std::string message;
};

// Runs `call`; what it throws becomes a Fault.
template <typename Call>
Fault caught(const Call& call) noexcept {
  try {
    call();
    return {};
  } catch (const Error& error) {
    return {true, error.code(), error.what()};
  } catch (const std::bad_alloc&) {
    return {true, Exit::failed, "out of memory; choose a smaller size"};
  } catch (const std::exception& error) {
    return {true, Exit::failed, error.what()};
  } catch (...) {
    return {true, Exit::failed, "an unknown error"};
  }
}

// The other way: throws what happened.
inline void raise(const Fault& fault) {
  if (!fault.happened) return;
  if (fault.code == Exit::skipped) throw Unsupported(fault.message);
  throw Error(fault.code, fault.message);
}

}  // namespace tandem
