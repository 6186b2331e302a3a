;; What src/audio/kernel.ts does, two doubles at a time. Every sum is added up in the same order, so that both give the same
;; samples to the bit.
(module
  (memory (export "memory") 1)

  ;; Widens `length` samples of 16 bits at `input` to doubles behind the `history` ones that `line` begins with, and makes `count`
  ;; results of them at `output`. Result i lies `ahead + i × step` parts of a sample after the first new one; there are
  ;; `phaseCount` parts to a sample, and part p has the taps of the p-th entry at `phases`: where they are, how many, and how
  ;; many of the newest samples they leave out, each 32 bits. All addresses are in bytes.
  (func (export "resample")
    (param $line i32) (param $history i32) (param $input i32) (param $length i32)
    (param $phases i32) (param $phaseCount i32) (param $step i32)
    (param $ahead i32) (param $count i32) (param $output i32)
    (local $i i32) (local $part i32) (local $newest i32) (local $phase i32) (local $tap i32) (local $end i32)
    (local $sample i32) (local $odd v128) (local $even v128) (local $value f64)

    (block $widened
      (loop $next
        (br_if $widened (i32.ge_s (local.get $i) (local.get $length)))
        (f64.store
          (i32.add (local.get $line) (i32.shl (i32.add (local.get $history) (local.get $i)) (i32.const 3)))
          (f64.convert_i32_s (i32.load16_s (i32.add (local.get $input) (i32.shl (local.get $i) (i32.const 1))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))

    ;; The first result: which part of a sample it is, and where the sample is that it begins at.
    (local.set $part (i32.rem_u (local.get $ahead) (local.get $phaseCount)))
    (local.set $newest
      (i32.add (local.get $line)
        (i32.shl (i32.add (local.get $history) (i32.div_u (local.get $ahead) (local.get $phaseCount))) (i32.const 3))))
    (local.set $i (i32.const 0))
    (block $done
      (loop $result
        (br_if $done (i32.ge_s (local.get $i) (local.get $count)))
        (local.set $phase (i32.add (local.get $phases) (i32.mul (local.get $part) (i32.const 12))))
        (local.set $tap (i32.load (local.get $phase)))
        (local.set $end
          (i32.add (local.get $tap) (i32.shl (i32.load offset=4 (local.get $phase)) (i32.const 3))))
        ;; The oldest sample that the taps are laid along.
        (local.set $sample
          (i32.sub
            (i32.add (local.get $newest) (i32.const 8))
            (i32.shl
              (i32.add (i32.load offset=4 (local.get $phase)) (i32.load offset=8 (local.get $phase)))
              (i32.const 3))))

        ;; Four sums side by side: a and b in $even, c and d in $odd.
        (local.set $even (v128.const i64x2 0 0))
        (local.set $odd (v128.const i64x2 0 0))
        (loop $taps
          (local.set $even
            (f64x2.add (local.get $even)
              (f64x2.mul (v128.load (local.get $tap)) (v128.load (local.get $sample)))))
          (local.set $odd
            (f64x2.add (local.get $odd)
              (f64x2.mul (v128.load offset=16 (local.get $tap)) (v128.load offset=16 (local.get $sample)))))
          (local.set $tap (i32.add (local.get $tap) (i32.const 32)))
          (local.set $sample (i32.add (local.get $sample) (i32.const 32)))
          (br_if $taps (i32.lt_u (local.get $tap) (local.get $end))))

        ;; To the nearest of 16 bits; what is too loud stays as loud as can be.
        (local.set $value
          (f64.floor
            (f64.add
              (f64.add
                (f64.add (f64x2.extract_lane 0 (local.get $even)) (f64x2.extract_lane 1 (local.get $even)))
                (f64.add (f64x2.extract_lane 0 (local.get $odd)) (f64x2.extract_lane 1 (local.get $odd))))
              (f64.const 0.5))))
        (i32.store16
          (i32.add (local.get $output) (i32.shl (local.get $i) (i32.const 1)))
          (i32.trunc_f64_s (f64.max (f64.const -32768) (f64.min (f64.const 32767) (local.get $value)))))

        (local.set $part (i32.add (local.get $part) (local.get $step)))
        (block $counted
          (loop $carry
            (br_if $counted (i32.lt_s (local.get $part) (local.get $phaseCount)))
            (local.set $part (i32.sub (local.get $part) (local.get $phaseCount)))
            (local.set $newest (i32.add (local.get $newest) (i32.const 8)))
            (br $carry)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $result)))))
