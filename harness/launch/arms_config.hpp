// The arms that a [[pipeline]] table names: arms, couplings, splits, caches, designs and hand-over formats, combined.
// Errors (exit code 2) name file, line and key.
#pragma once

#include <vector>

#include "harness/base/arm_id.hpp"
#include "harness/base/table.hpp"
#include "harness/launch/config.hpp"
#include "harness/pipeline/pipeline.hpp"

namespace tandem {

// Of a case with so many ranks and threads.
std::vector<ArmId> arms_of(const Table& table, int ranks, int threads);
// These arms in each format of the key "handover".
std::vector<ArmId> in_precisions(const Table& table, const std::vector<ArmId>& arms);
// Growing designs run in the integrated arm of a pipeline that has them.
void check_designs(const Table& table, const CaseConfig& item, const PipelineEntry& entry);

}  // namespace tandem
