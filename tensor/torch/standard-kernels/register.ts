import { registerActivations } from './activations.js';
import { registerArithmetic } from './arithmetic.js';
import { registerCreation } from './creation.js';
import { registerIndexing } from './indexing.js';
import { registerLayout } from './layout.js';
import { registerMatrices } from './matrices.js';
import { registerReductions } from './reductions.js';
import { registerSlices } from './slices.js';

/**
 * tfjs-core's own kernels on libtorch: what compositions, losses and models written in plain tfjs calls reach. Which
 * ones there are, which are not and why: docs/conformance.md.
 */
export function registerStandardKernels(): void {
  registerArithmetic();
  registerActivations();
  registerReductions();
  registerLayout();
  registerSlices();
  registerIndexing();
  registerCreation();
  registerMatrices();
}
