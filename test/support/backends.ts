/** Every backend: what is right on one has to be right on all. */
export const backends = ['torch', 'tensorflow', 'wasm'] as const;
