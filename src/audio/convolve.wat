;; What src/audio/kernel.ts does, for four results side by side, in single precision. Every sum is added up in the same order, so
;; that both give the same samples to the bit.
(module
  (memory (export "memory") 1)

  ;; Makes `count` results at `output` of `length` samples at `input`, of which the first `history` came with the chunks before.
  ;; Result i lies `ahead + i × step` parts of a sample after the first new one; there are `phaseCount` parts to a sample, and part
  ;; p has the taps of the p-th entry at `phases`: where they are, how many, and how many of the newest samples they leave out,
  ;; each 32 bits. Samples have 16 bits, taps 32; all addresses are in bytes. `line` is room for the samples in 32 bits. It and
  ;; `output` have some to spare behind: results are made by fours, also where fewer are wanted.
  (func (export "resample")
    (param $input i32) (param $length i32) (param $history i32) (param $line i32)
    (param $phases i32) (param $phaseCount i32) (param $step i32)
    (param $ahead i32) (param $count i32) (param $output i32)
    (local $i i32) (local $end i32) (local $first i32) (local $at i32) (local $phase i32) (local $newest i32)
    (local $taps i32) (local $tap i32) (local $span i32) (local $sample i32) (local $stride i32) (local $hop i32)
    (local $four v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $ab v128) (local $cd v128)

    (local.set $end (i32.add (local.get $line) (i32.shl (local.get $length) (i32.const 2))))
    (local.set $sample (local.get $line))
    (loop $next
      (v128.store (local.get $sample) (f32x4.convert_i32x4_s (v128.load16x4_s (local.get $input))))
      (local.set $input (i32.add (local.get $input) (i32.const 8)))
      (local.set $sample (i32.add (local.get $sample) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $sample) (local.get $end))))

    ;; From one result of a phase to the next: `step` samples, and as many results as there are phases.
    (local.set $stride (i32.shl (local.get $step) (i32.const 2)))
    (local.set $hop (i32.shl (local.get $phaseCount) (i32.const 1)))

    ;; The phases in turn: the i-th result is the first of its phase.
    (block $made
      (loop $nextPhase
        (br_if $made
          (i32.or
            (i32.ge_s (local.get $first) (local.get $phaseCount))
            (i32.ge_s (local.get $first) (local.get $count))))
        (local.set $at (i32.add (local.get $ahead) (i32.mul (local.get $first) (local.get $step))))
        (local.set $phase
          (i32.add (local.get $phases)
            (i32.mul (i32.rem_u (local.get $at) (local.get $phaseCount)) (i32.const 12))))
        (local.set $taps (i32.load (local.get $phase)))
        (local.set $span (i32.shl (i32.load offset=4 (local.get $phase)) (i32.const 2)))
        ;; The oldest sample that the taps are laid along.
        (local.set $newest
          (i32.add (local.get $line)
            (i32.shl
              (i32.sub
                (i32.add (local.get $history) (i32.div_u (local.get $at) (local.get $phaseCount)))
                (i32.load offset=8 (local.get $phase)))
              (i32.const 2))))
        (local.set $newest (i32.sub (i32.add (local.get $newest) (i32.const 4)) (local.get $span)))
        (local.set $i (local.get $first))
        (local.set $at (i32.add (local.get $output) (i32.shl (local.get $first) (i32.const 1))))

        (loop $nextFour
          (local.set $a (v128.const i32x4 0 0 0 0))
          (local.set $b (v128.const i32x4 0 0 0 0))
          (local.set $c (v128.const i32x4 0 0 0 0))
          (local.set $d (v128.const i32x4 0 0 0 0))
          (local.set $tap (local.get $taps))
          (local.set $end (i32.add (local.get $taps) (local.get $span)))
          (local.set $sample (local.get $newest))
          (loop $nextTaps
            (local.set $four (v128.load (local.get $tap)))
            (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $four) (v128.load (local.get $sample)))))
            (local.set $b
              (f32x4.add (local.get $b)
                (f32x4.mul (local.get $four) (v128.load (i32.add (local.get $sample) (local.get $stride))))))
            (local.set $c
              (f32x4.add (local.get $c)
                (f32x4.mul (local.get $four)
                  (v128.load (i32.add (local.get $sample) (i32.shl (local.get $stride) (i32.const 1)))))))
            (local.set $d
              (f32x4.add (local.get $d)
                (f32x4.mul (local.get $four)
                  (v128.load (i32.add (local.get $sample) (i32.mul (local.get $stride) (i32.const 3)))))))
            (local.set $tap (i32.add (local.get $tap) (i32.const 16)))
            (local.set $sample (i32.add (local.get $sample) (i32.const 16)))
            (br_if $nextTaps (i32.lt_u (local.get $tap) (local.get $end))))

          ;; Each result's four sums, (first + second) + (third + fourth), with those of the others beside them.
          (local.set $ab
            (f32x4.add
              (i8x16.shuffle 0 1 2 3 16 17 18 19 8 9 10 11 24 25 26 27 (local.get $a) (local.get $b))
              (i8x16.shuffle 4 5 6 7 20 21 22 23 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
          (local.set $cd
            (f32x4.add
              (i8x16.shuffle 0 1 2 3 16 17 18 19 8 9 10 11 24 25 26 27 (local.get $c) (local.get $d))
              (i8x16.shuffle 4 5 6 7 20 21 22 23 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d))))
          ;; To the nearest of 16 bits; what is too loud stays as loud as can be.
          (local.set $four
            (f32x4.floor
              (f32x4.add
                (f32x4.add
                  (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $ab) (local.get $cd))
                  (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $ab) (local.get $cd)))
                (v128.const f32x4 0.5 0.5 0.5 0.5))))
          (local.set $four (i32x4.trunc_sat_f32x4_s (local.get $four)))
          (local.set $four (i16x8.narrow_i32x4_s (local.get $four) (local.get $four)))
          (v128.store16_lane 0 (local.get $at) (local.get $four))
          (local.set $at (i32.add (local.get $at) (local.get $hop)))
          (v128.store16_lane 1 (local.get $at) (local.get $four))
          (local.set $at (i32.add (local.get $at) (local.get $hop)))
          (v128.store16_lane 2 (local.get $at) (local.get $four))
          (local.set $at (i32.add (local.get $at) (local.get $hop)))
          (v128.store16_lane 3 (local.get $at) (local.get $four))
          (local.set $at (i32.add (local.get $at) (local.get $hop)))

          (local.set $newest (i32.add (local.get $newest) (i32.shl (local.get $stride) (i32.const 2))))
          (local.set $i (i32.add (local.get $i) (i32.shl (local.get $phaseCount) (i32.const 2))))
          (br_if $nextFour (i32.lt_s (local.get $i) (local.get $count))))

        (local.set $first (i32.add (local.get $first) (i32.const 1)))
        (br $nextPhase)))))
