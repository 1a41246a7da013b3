import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Compilation, NAPI_VERSION, nodeApiHeaders } from './compile.js';
import type { Torch } from './find-torch.js';
import { addonSources, sourcesMark } from './sources.js';

/** The addon compiled against a torch. */
export function torchAddon(torch: Torch): Compilation {
  const require = createRequire(import.meta.url);
  const headers = dirname(require.resolve('node-addon-api/package.json'));
  const includes = [...torch.includeFolders, headers, nodeApiHeaders()].flatMap((folder) => ['-isystem', folder]);
  return {
    what: `the torch backend against torch ${torch.version} (${torch.origin})`,
    file: 'reasontune.node',
    sourcesMark: sourcesMark(),
    against: torch.version,
    args: [
      ...['-std=c++20', '-O3', processorFlag(), '-shared', '-fPIC', '-fvisibility=hidden'],
      ...[`-DNAPI_VERSION=${NAPI_VERSION}`, `-D_GLIBCXX_USE_CXX11_ABI=${usesCxx11Abi(torch) ? 1 : 0}`],
      ...includes,
      ...addonSources(),
      ...['-L', torch.libFolder, '-Xlinker', '-rpath', '-Xlinker', torch.libFolder],
      // libtorch_cuda registers its kernels when it is loaded; no symbol of ours asks for it, so the linker must not
      // drop it. libtorch.so only ties the two together and always asks for libtorch_cuda in a CUDA wheel, even where
      // the libraries that need it are not installed: it is left out.
      ...['-Wl,--no-as-needed', '-ltorch_cpu', '-lc10', ...(torch.cuda ? ['-ltorch_cuda', '-lc10_cuda'] : [])],
    ],
  };
}

/** The kernels use whatever the processor has. x86 compilers say -march for that, the others' -march knows no native. */
function processorFlag(): string {
  return process.arch === 'x64' ? '-march=native' : '-mcpu=native';
}

/** Wheels before 2.6 were built with the old std::string; every exported name says which one it is. */
function usesCxx11Abi(torch: Torch): boolean {
  return readFileSync(join(torch.libFolder, 'libc10.so')).includes('__cxx11');
}
