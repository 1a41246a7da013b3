import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze, tokenize } from '../../retrieval/analyzer.js';

describe('tokenize', () => {
  // Cases of UAX #29 and of Lucene's TestStandardAnalyzer and TestUAX29URLEmailTokenizer.
  const cases: [string, string[]][] = [
    ["O'Reilly's don't", ["O'Reilly's", "don't"]],
    ['don’t ‘quoted’', ['don’t', 'quoted']],
    ['U.S.A. 3.14, 1,000.50; 7:30', ['U.S.A', '3.14', '1,000.50', '7', '30']],
    ['a:b a;b 1;2 1:2', ['a:b', 'a', 'b', '1;2', '1', '2']],
    ['a.1 1.a B12 4th a,b', ['a', '1', '1', 'a', 'B12', '4th', 'a', 'b']],
    ['snake_case __init__ a_1 1_ ___ _', ['snake_case', '__init__', 'a_1', '1_']],
    [
      'some-dashed-phrase x/y user@host.com C++ C#',
      ['some', 'dashed', 'phrase', 'x', 'y', 'user', 'host.com', 'C', 'C'],
    ],
    ['naïve cafe\u0301 Ελλάδα бег', ['naïve', 'cafe\u0301', 'Ελλάδα', 'бег']],
    [
      '我是中国人。 ひらがな カタカナ カ_タ 안녕하세요',
      ['我', '是', '中', '国', '人', 'ひ', 'ら', 'が', 'な', 'カタカナ', 'カ_タ', '안녕하세요'],
    ],
    ['カタabc', ['カタ', 'abc']],
    ['การที่ได้ต้องแสดงว่างานดี ๑๒๓', ['การที่ได้ต้องแสดงว่างานดี', '๑๒๓']],
    ['צה"ל א\'', ['צה"ל', "א'"]],
    ['💩 💩💩 👍🏽 👩\u200D🚀 🇨🇭🇦🇹 #️⃣ ©', ['💩', '💩', '💩', '👍🏽', '👩\u200D🚀', '🇨🇭', '🇦🇹', '#️⃣']],
    ['zero\u200Bwidth soft\u00ADhyphen', ['zero', 'width', 'soft\u00ADhyphen']],
    ['\r\n \t …—()', []],
    ['', []],
  ];
  it.each(cases)('%j', (text, tokens) => {
    expect(tokenize(text)).toEqual(tokens);
  });

  it('cuts a token every 255 characters', () => {
    expect(tokenize(`${'a'.repeat(600)} b`).map((token) => token.length)).toEqual([255, 255, 90, 1]);
  });

  it('takes words of any length, and cuts long texts only between words', () => {
    for (const unit of ['é', 'a_', "1'", 'א"', '👩\u200D', '_']) {
      const tokens = tokenize(unit.repeat(4_000_000));
      expect(tokens.every((token) => token.length <= 255)).toBe(true);
      expect(tokens.length > 0).toBe(unit !== '_');
    }
    const words = Array.from({ length: 50_000 }, (_, i) => `wörd${i}`);
    expect(tokenize(words.join(' '))).toEqual(words);
  });

  it('has one grammar for ASCII text, whether or not other text follows', () => {
    const piece = fc.constantFrom('a', 'Bc', '1', '23', '.', ',', ';', ':', "'", '"', '_', '-', ' ', '#', '*', '\n');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        expect(tokenize(`${text} é`)).toEqual([...tokenize(text), 'é']);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes any text, and gives only parts of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        let from = 0;
        for (const token of tokenize(text)) {
          expect(token).not.toBe('');
          from = text.indexOf(token, from) + token.length;
          expect(from).toBeGreaterThanOrEqual(token.length);
        }
      }),
    );
  });
});

describe('analyze', () => {
  it('drops possessives and stop words, lowers case and stems as Porter does', () => {
    expect(analyze("The Dog’s DOGS' generalizations, and relational ponies are flying")).toEqual([
      'dog',
      'dog',
      'gener',
      'relat',
      'poni',
      'fly',
    ]);
    expect(analyze("It's THE end")).toEqual(['end']);
  });

  it('lowers one character at a time, as Java does', () => {
    expect(analyze('ΟΔΟΣ İzmir')).toEqual(['οδοσ', 'izmir']);
  });

  it('keeps repeats and order', () => {
    expect(analyze('b a1 b')).toEqual(['b', 'a1', 'b']);
  });
});
