// The record of a verdict: what both sides keep and sign. It holds the specification whole, so that it says by itself
// what was agreed, and the root, so that it says which directory was judged.
#include "harness/decide/acceptance.hpp"
#include "harness/result/files.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

Json result_json(const Delivery& delivery) {
  const Json &run = delivery.document.at("run"), &machine = delivery.document.at("machine");
  return {{"folder", delivery.folder},
          {"root", delivery.root},
          {"configuration", delivery.configuration},
          {"class", run.at("class")},
          {"status", run.at("status")},
          {"started", run.at("started")},
          {"tandem", delivery.document.at("tandem")},
          {"machine",
           {{"cpu", member(machine, "cpu")}, {"cores", member(machine, "cores")}, {"host", member(machine, "host")}}}};
}

}  // namespace

Json acceptance_record(const AcceptanceSpec& spec, const Delivery& delivery, const Json& judged, const Json& program,
                       const std::string& made) {
  Json record = judged;
  record["schema"] = "tandem-acceptance/1";
  record["made"] = made;
  record["tandem"] = program;
  record["lot"] = spec.lot;
  record["buyer"] = spec.buyer;
  record["vendor"] = spec.vendor;
  record["specification"] = {{"file", spec.source}, {"sha256", spec.digest}, {"text", spec.text}};
  record["result"] = result_json(delivery);
  record["revalidation"] = delivery.revalidation;
  record["seal"] = seal_of(record);
  return record;
}

bool seal_holds(const Json& record) {
  return record.is_object() && text_or_empty(record, "schema") == "tandem-acceptance/1" && record.contains("seal") &&
         record.at("seal") == seal_of(record);
}

}  // namespace tandem
