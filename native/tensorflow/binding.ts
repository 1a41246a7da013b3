import { dirname, join } from 'node:path';
import { type Compilation, NAPI_VERSION, nodeApiHeaders } from '../compile.js';
import { contentMark } from '../stamp-file.js';
import type { NodePackage } from './package.js';
import { LIBRARIES, type TensorFlow } from './wheel.js';

/** The npm package's own binding, unpatched, compiled against a TensorFlow: it calls nothing but TensorFlow's C API. */
export function tensorflowBinding({ sources, headers }: NodePackage, { version, root, cuda }: TensorFlow): Compilation {
  const includes = [nodeApiHeaders(), join(root, 'include')].flatMap((folder) => ['-isystem', folder]);
  return {
    what: `the tensorflow backend against TensorFlow ${version}${cuda ? ' with CUDA' : ''}`,
    file: 'tfjs_binding.node',
    sourcesMark: contentMark([...sources, ...headers]),
    against: version,
    args: [
      ...['-std=c++17', '-O2', '-shared', '-fPIC', '-fvisibility=hidden', `-DNAPI_VERSION=${NAPI_VERSION}`],
      ...['-I', dirname(sources[0]!), ...includes],
      ...sources,
      // By path: the wheel has no lib*.so to be found by -l.
      ...LIBRARIES.map((library) => join(root, library)),
      ...['-Xlinker', '-rpath', '-Xlinker', root],
    ],
  };
}
