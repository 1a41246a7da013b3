import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPlan } from '../../plan/read.js';
import type { RunPlan } from '../../plan/schema.js';

/** A plan from YAML text. */
export function readPlanText(yaml: string): RunPlan {
  const folder = mkdtempSync(join(tmpdir(), 'reasontune-'));
  try {
    writeFileSync(join(folder, 'plan.yaml'), yaml);
    return readPlan(join(folder, 'plan.yaml'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
