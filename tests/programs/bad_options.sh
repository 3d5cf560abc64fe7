#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bad_options.sh PRETRAIN LANDSCAPE CURVATURE COMPARE
# Each line of the table below is a command line that cannot work, and words of the sentence that refuses it. It must end
# with status 1 within two seconds, its last line on standard error must be that sentence and have the words, which name
# the option or the file, and no file may be made, changed or removed. @name is a file or folder that is made here.
set -euo pipefail

pretrain="$1" landscape="$2" curvature="$3" compare="$4" custom="$(dirname "$1")/custom"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
export OMP_WAIT_POLICY=passive
in="$folder/in" failed=0 count=0
mkdir -p "$in/empty" "$in/cut" "$in/piped" "$in/hollow/dogs" "$in/pipes" "$in/short" "$in/full" "$in/blocked.json" "$in"/idx_{pipe,text,cut,counts,names,labels,huge,bomb,cut_gz}

model=(--image 16 --patch 4 --width 16 --depth 1 --heads 2 --decoder-width 8 --decoder-heads 2 --threads 1)
small=("${model[@]}" --data synthetic:64 --epochs 1 --batch 16)
"$pretrain" "${small[@]}" --out "$in/good" >/dev/null 2>&1
"$pretrain" "${small[@]}" --width 128 --out "$in/wide" >/dev/null 2>&1
good=(--checkpoint "$in/good/checkpoint.safetensors" --data synthetic:64 --images 8 --threads 1)
"$landscape" "${good[@]}" --grid=0:0:1 --no-figures --save-directions "$in/directions" --out "$folder/surface" >/dev/null 2>&1
head -c 1000 "$in/good/checkpoint.safetensors" >"$in/cut/checkpoint.safetensors"
printf '\377\377\377\377\377\377\377\177{}' >"$in/hostile"
ln -s "$in/good/checkpoint.safetensors" "$in/link"
mkfifo "$in/pipe" "$in/piped/checkpoint.safetensors" "$in"/pipes/{data_batch_1,data_batch_2,data_batch_3,data_batch_4,data_batch_5,test_batch}.bin
# images of MNIST's format: two of 2 x 2 pixels
pixels="train-images-idx3-ubyte" labels="train-labels-idx1-ubyte"
for name in text cut counts names labels huge bomb cut_gz; do
    printf '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2abcdefgh' >"$in/idx_$name/$pixels"
    printf '\0\0\10\1\0\0\0\2\0\1' >"$in/idx_$name/$labels"
done
mkfifo "$in/idx_pipe/$pixels" "$in/idx_pipe/$labels"
printf 'no numbers at all' >"$in/idx_text/$pixels"
truncate -s -1 "$in/idx_cut/$pixels"
printf '\0\0\10\1\0\0\0\3\0\1\2' >"$in/idx_counts/$labels"
printf 'one\ntwo\none\n' >"$in/idx_names/classes.txt"
printf '\0\0\10\1\0\0\0\2\0\12' >"$in/idx_labels/$labels"
printf '\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377' >"$in/idx_huge/$pixels"
(cat "$in/idx_bomb/$pixels" && head -c 100000000 /dev/zero) | gzip -1 >"$in/idx_bomb/$pixels.gz"
gzip <"$in/idx_cut_gz/$pixels" | head -c 30 >"$in/idx_cut_gz/$pixels.gz"
rm "$in"/idx_{bomb,cut_gz}/"$pixels"
# tar archives of what is no picture
mkdir -p "$in/tar" "$in/set"/{train,test}/{a,b}
tee "$in/set"/{train,test}/{a,b}/1.jpg <<<'no picture' >/dev/null
tar -C "$in/set" -cf "$in/tar/deep-0.tar" train test
tar -C "$in/set/train" -cf "$in/tar/flat-1.tar" a b
head -c 1030 "$in/tar/flat-1.tar" >"$in/tar/cut.tar"
gzip -c "$in/tar/deep-0.tar" >"$in/tar/packed.tar"
printf 'no picture' | tee "$in/hollow/dogs/1.jpg" "$in/file" "$in/full/notes" "$in/short/data_batch_1.bin" >/dev/null

# memory as in a small computer, where the programs run with that limit (an address sanitizer does not)
(ulimit -v 16000000 && "$pretrain" --help) >/dev/null 2>&1 && ulimit -v 16000000

state() { find "$folder" -path "$folder/error" -prune -o -type d -printf '%p\n' -o -printf '%p %s %T@ %i\n' | sort; }
before="$(state)"

# refuse WORDS COMMAND...
refuse() {
    local words="$1" status start now took last
    shift
    for _ in 1 2; do # once more where the computer was busy
        status=0 start="${EPOCHREALTIME/./}"
        timeout -k 2 10 "$@" >/dev/null 2>"$folder/error" </dev/null || status=$?
        took=$((${EPOCHREALTIME/./} - start))
        ((took < 2000000)) && break
    done
    last="$(tail -n 1 "$folder/error")"
    count=$((count + 1))
    if ((status != 1 || took >= 2000000)) || [[ "$last" != "$(basename "$1"): "* || "$last" != *"$words"* ]]; then
        echo "FAILED: status $status after $((took / 1000)) ms, expected '$words' from: $*" && tail -n 3 "$folder/error" && failed=1
    fi
    now="$(state)"
    if [[ "$now" != "$before" ]]; then
        echo "FAILED: files were changed by: $*" && diff <(echo "$before") <(echo "$now") && failed=1
        before="$now"
    fi
    return 0
}

study=("${model[@]}" --data synthetic:200 --test-data synthetic:60 --methods mae --seeds 1 --epochs 1 --batch 40 --images 32
    --pairs 1 --grid 3 --convex-planes 1 --convex-rays 4 --curvature-images 16 --convex-images 8 --test-images 40 --lanczos-steps 8 --no-figures)
while IFS= read -r line; do
    words="${line##* | }"
    words="${words//@/$in/}"
    read -ra arguments <<<"${line%% | *}"
    arguments=("${arguments[@]//@/$in/}")
    program="${arguments[0]}" arguments=("${arguments[@]:1}")
    case "$program" in
        pretrain) refuse "$words" "$pretrain" "${small[@]}" --out "$folder/new" "${arguments[@]}" ;;
        landscape) refuse "$words" "$landscape" "${good[@]}" --no-figures --out "$folder/new" "${arguments[@]}" ;;
        curvature) refuse "$words" "$curvature" "${good[@]}" --out "$folder/new.json" "${arguments[@]}" ;;
        compare) refuse "$words" "$compare" "${study[@]}" --out "$folder/new" "${arguments[@]}" ;;
        custom) [[ ! -x "$custom" ]] || refuse "$words" "$custom" "${arguments[@]}" ;;
        *_bare) refuse "$words" "$(dirname "$pretrain")/${program%_bare}" "${arguments[@]}" ;;
    esac
done <<'TABLE'
compare --methods mae,foo | --methods takes one of
compare --methods mae,mae | --methods has 'mae' twice
compare --methods , | --methods takes one of
compare --seeds 0 | --seeds takes a whole number from 1 to 10000, 0 was given
compare --seeds -1 | --seeds takes a whole number from 1 to 10000, -1 was given
compare --seeds 4000000000 | --seeds takes a whole number from 1 to 10000, 4000000000 was given
compare --seeds x | --seeds takes a whole number from 1 to 10000, 'x' was given
compare --budget inf | --budget takes a number from 0 to 10000000, inf was given
compare --budget nan | --budget takes a number from 0 to 10000000, nan was given
compare --budget -1 | --budget takes a number from 0 to 10000000, -1 was given
compare --budget 1e300 | --budget takes a number from 0 to 10000000, 1e300 was given
compare --pairs 0 | --pairs takes a whole number from 1 to 10000, 0 was given
compare --pairs -1 | --pairs takes a whole number from 1 to 10000, -1 was given
compare --pairs 1000000000 | --pairs takes a whole number from 1 to 10000, 1000000000 was given
compare --pairs x | --pairs takes a whole number from 1 to 10000, 'x' was given
compare --grid 2 | --grid takes a whole number from 3 to 100000, 2 was given
compare --grid -5 | --grid takes a whole number from 3 to 100000, -5 was given
compare --grid 100001 | --grid takes a whole number from 3 to 100000, 100001 was given
compare --grid 1000000000 | --grid takes a whole number from 3 to 100000, 1000000000 was given
compare --grid 4 | --grid: a grid of 4 points
compare --grid 99999 | --grid 99999 would need 850 GB of memory
compare --block-probes 1 | --block-probes takes a whole number from 2 to 1000000, 1 was given
compare --block-steps 0 | --block-steps takes
compare --convex-rays 1 | --convex-rays takes a whole number from 2 to 100000, 1 was given
compare --convex-rays -5 | --convex-rays takes a whole number from 2 to 100000, -5 was given
compare --convex-rays 1000000000 | --convex-rays takes a whole number from 2 to 100000, 1000000000 was given
compare --convex-planes 0 | --convex-planes takes a whole number from 1 to 10000, 0 was given
compare --convex-longest 0 | --convex-longest takes
compare --convex-longest inf | --convex-longest takes
compare --convex-longest 0.01 | the edge of a convex region is sought up to 0.01
compare --range 0 | --range takes a number above 0, 0 was given
compare --range -1 | --range takes a number above 0, -1 was given
compare --range nan | --range takes a number above 0, nan was given
compare --range inf | --range takes a number above 0, inf was given
compare --images 1 | --images takes a whole number from 2 to 4294967295, 1 was given
compare --images -1 | --images takes a whole number from 2 to 4294967295, -1 was given
compare --test-images 1 | --test-images takes a whole number from 2 to 4294967295, 1 was given
compare --test-images -1 | --test-images takes a whole number from 2 to 4294967295, -1 was given
compare --curvature-images 0 | --curvature-images takes a whole number from 1 to 4294967295, 0 was given
compare --curvature-images -1 | --curvature-images takes a whole number from 1 to 4294967295, -1 was given
compare --convex-images 0 | --convex-images takes a whole number from 1 to 4294967295, 0 was given
compare --convex-images -1 | --convex-images takes a whole number from 1 to 4294967295, -1 was given
compare --images 300 | --images 300: synthetic:200 has 200 images
compare --curvature-images 300 | --curvature-images 300: synthetic:200 has 200 images
compare --convex-images 300 | --convex-images 300: synthetic:200 has 200 images
compare --arm x=mae,trained=no | trained is true or false, 'no' was given
compare --given x | --given x: it has no name
compare --given =@good/checkpoint.safetensors | it has no name
compare --given a/b=@good/checkpoint.safetensors | a name has letters, digits
compare --given a=@missing | --given a takes a file that is there; @missing is not there
compare --given a=@empty | --given a takes a file that is there; @empty is no file
compare --given mae=@good/checkpoint.safetensors | there is another 'mae'
compare --given a=@good/checkpoint.safetensors --given a=@good/checkpoint.safetensors | there is another 'a'
compare --given a=@good/checkpoint.safetensors,heads=2 | @good/checkpoint.safetensors says itself what it is
compare --given a=@good/checkpoint.safetensors,heads=x | heads
compare --given a=@good/checkpoint.safetensors,family=foo | 'foo' is no family
compare --given a=@good/checkpoint.safetensors,foo=1 | @good/checkpoint.safetensors,foo=1 is not there
compare --given a=@good/checkpoint.safetensors --methods mae --image 32 | images of 16 pixels, here 32; give --image 16, or leave
compare --given a=@good/checkpoint.safetensors --patch 8 | patches of 4 pixels, here 8; give --patch 4, or leave
compare --given a=@good/checkpoint.safetensors --mean 0.5,0.5,0.5 | here pixels of mean 0.5, 0.5, 0.5 and deviation 0.229, 0.224, 0.225; give --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225, or
compare --given a=@cut/checkpoint.safetensors | @cut/checkpoint.safetensors
compare --given a=@hostile | @hostile
compare --arm x | --arm x: it has no name
compare --arm =mae | --arm =mae: it has no name
compare --arm ../x=mae | a name has letters, digits
compare --arm a=foo | 'foo' is no method
compare --arm a= | '' is no method
compare --arm mae=rc-mae | there is another 'mae'
compare --arm a=mae --arm a=mae | there is another 'a'
compare --arm a=rc-mae,bogus=1 | rc-mae has no option 'bogus'
compare --arm a=mae,consistency=1 | mae has no option 'consistency'
compare --arm a=rc-mae,consistency | 'consistency' has no value
compare --arm a=rc-mae,consistency=x | consistency
compare --arm a=rc-mae,consistency=-1 | consistency
compare --arm a=rc-mae,momentum=steep | momentum takes one of
compare --arm a=rc-mae,teacher-share=0 | --arm a=rc-mae,teacher-share=0: --teacher-share takes a number in (0, 1], 0 was given
compare --arm a=rc-mae,teacher-share=half | --teacher-share takes a number in (0, 1], 'half' was given
compare --arm a=rc-mae,evaluate=both | evaluate takes one of student, teacher; 'both' was given
compare --arm a=mae,evaluate=teacher | mae has no option 'evaluate'
compare --arm a=data2vec,teacher-share=0.5 | data2vec has no option 'teacher-share'
compare --arm a=rc-mae,other-mask=maybe | other-mask is true or false
compare --normalize layer | the first normalization is filter
compare --normalize filter,filter | --normalize has 'filter' twice
compare --normalize filter,none | --normalize takes one of
compare --language fr | --language takes one of en, ja; 'fr' was given
compare --language EN | --language takes one of en, ja; 'EN' was given
compare --price-per-hour -1 | --price-per-hour takes
compare --target-accuracy 1.5 | --target-accuracy takes
compare --arm a=mae,data-share=2 | data-share: a number in (0, 1] is needed, 2 was given
compare --arm a=mae,label-noise=x | label-noise: a number in [0, 1) is needed, 'x' was given
compare --data-share 0 | --data-share takes a number in (0, 1], 0 was given
compare --data-share 1,1.5 | --data-share takes a number in (0, 1], 1.5 was given
compare --data-share 1,1 | --data-share has 1 twice
compare --data-share nan | --data-share takes a number in (0, 1], nan was given
compare --data-share 0.5, | --data-share takes a number in (0, 1], '' was given
compare --data-share 0.1 | --data-share 0.1 leaves mae 20 of the 200 images of synthetic:200, fewer than one batch of 40 (--batch)
compare --arm few=mae,data-share=0.1 | --data-share 0.1 leaves few 20 of the 200 images
compare --data-share 0.02,1 --batch 4 | data-0.02 4 of the 200 images of synthetic:200, fewer than its 10 classes
compare --data-share 0.2,1 --images 64 | data-0.2 40 of the 200 images of synthetic:200; ask for fewer
compare --label-noise 1 | --label-noise takes a number in [0, 1), 1 was given
compare --label-noise 0,-0.1 | --label-noise takes a number in [0, 1), -0.1 was given
compare --label-noise nan | --label-noise takes a number in [0, 1), nan was given
compare --label-noise 0.1,0.1 | --label-noise has 0.1 twice
compare --label-noise-seed -1 | --label-noise-seed takes a whole number from 0 to 18446744073709551615, -1 was given
compare --tune-epochs -1 | --tune-epochs takes a whole number from 0 to 10000000, -1 was given
compare --tune-epochs 1.5 | --tune-epochs takes a whole number from 0 to 10000000, 1.5 was given
compare --tune-shares 0,1 | --tune-shares takes a number in (0, 1], 0 was given
compare --tune-shares 1,2 | --tune-shares takes a number in (0, 1], 2 was given
compare --tune-shares 0.1,0.1 | --tune-shares has 0.1 twice
compare --tune-shares 1,0.1 | --tune-shares: the shares of labels must ascend; 0.1 stands behind 1
compare --tune-lr -1 | --tune-lr takes a number of at least 0, -1 was given
compare --tune-lr inf | --tune-lr takes a number of at least 0, inf was given
compare --tune-layer-decay 0 | --tune-layer-decay takes a number in (0, 1], 0 was given
compare --tune-layer-decay 1.5 | --tune-layer-decay takes a number in (0, 1], 1.5 was given
compare --rays 1 | --rays takes a whole number from 2 to 100000, 1 was given
compare --mask-draws 0 | --mask-draws takes a whole number from 1 to 1000, 0 was given
compare --longest-radius 0 | --longest-radius takes a number above 0, 0 was given
compare --longest-radius nan | --longest-radius takes a number above 0, nan was given
compare --longest-radius 0.01 | the half-gain radius is sought up to 0.01
compare --lanczos-steps 3 | --lanczos-steps takes a whole number from 4 to 1000000000, 3 was given
compare --lanczos-steps -1 | --lanczos-steps takes a whole number from 4 to 1000000000, -1 was given
compare --lanczos-steps 2000000000 | --lanczos-steps takes a whole number from 4 to 1000000000, 2000000000 was given
compare --width 512 --heads 2 --lanczos-steps 1000000000 | --lanczos-steps 1000000000 with the
compare --trace-samples 1 | --trace-samples takes a whole number from 2 to 1000000000, 1 was given
compare --trace-samples -1 | --trace-samples takes a whole number from 2 to 1000000000, -1 was given
compare --direction-seed -1 | --direction-seed takes a whole number from 0 to 18446744073709551615, -1 was given
compare --mask-seed -1 | --mask-seed takes a whole number from 0 to 18446744073709551615, -1 was given
compare --probe-every 0 | --probe-every takes a whole number from 1 to 10000000, 0 was given
compare --probe-every -1 | --probe-every takes a whole number from 1 to 10000000, -1 was given
compare --probe-images 1 | --probe-images takes a whole number from 2 to 4294967295, 1 was given
compare --probe-images -1 | --probe-images takes a whole number from 2 to 4294967295, -1 was given
compare --probe-epochs nan | --probe-epochs takes a number in (0, 1000000], nan was given
compare --probe-epochs 0 | --probe-epochs takes a number in (0, 1000000], 0 was given
compare --probe-epochs -1 | --probe-epochs takes a number in (0, 1000000], -1 was given
compare --probe-epochs inf | --probe-epochs takes a number in (0, 1000000], inf was given
compare --probe-base-lr 0 | --probe-base-lr takes a number above 0, 0 was given
compare --probe-base-lr -1 | --probe-base-lr takes a number above 0, -1 was given
compare --probe-base-lr nan | --probe-base-lr takes a number above 0, nan was given
compare --epochs 0 | --epochs takes a whole number from 1 to 10000000, 0 was given
compare --epochs -3 | --epochs takes a whole number from 1 to 10000000, -3 was given
compare --warmup nan | --warmup takes a number of at least 0, or -1, nan was given
compare --warmup -2 | --warmup takes a number of at least 0, or -1, -2 was given
compare --base-lr 0 | --base-lr takes a number above 0, 0 was given
compare --base-lr nan | --base-lr takes a number above 0, nan was given
compare --depth 1000000 | --depth takes a whole number from 1 to 1000, 1000000 was given
compare --threads -1 | --threads takes a whole number from 0 to 1024, -1 was given
compare --threads 100000 | --threads takes a whole number from 0 to 1024, 100000 was given
compare --width 1000000 | --width 1000000, --depth 1
compare --image 4096 --patch 1 | --image 4096 and --patch 1
compare --batch 300 | 200 images, fewer than one batch of 300
compare --accumulate 6 | --accumulate 6: an epoch of 200 images has 5 batches
compare --data folder:@missing | @missing
compare --data cifar10:@missing | @missing
compare --data idx:@missing | @missing/train-images-idx3-ubyte
compare --test-data idx:@idx_cut | @idx_cut/t10k-images-idx3-ubyte
compare --test-data nonsense | nonsense
compare --test-data folder:@hollow | @hollow
compare --data folder:@hollow --out @hollow | among the images of --data
compare --out @file | @file
compare --out @full | and contains no comparison
compare --report-only | no comparison to report on
compare --mixup 1 --methods mae | --mixup belongs to --method supervised
compare --nonsense | no option is called --nonsense
compare_bare --seeds 1 | --out is required
curvature --top -1 | --top takes a whole number from 0 to 1000000, -1 was given
curvature --top 1000001 | --top takes a whole number from 0 to 1000000, 1000001 was given
curvature --top x | --top takes a whole number from 0 to 1000000, 'x' was given
curvature --bottom -2 | --bottom takes a whole number from -1 to 1000000, -2 was given
curvature --bottom 1.5 | --bottom takes a whole number from -1 to 1000000, 1.5 was given
curvature --trace-samples 1 | --trace-samples takes a whole number from 2 to 1000000000, or 0, 1 was given
curvature --trace-samples -1 | --trace-samples takes a whole number from 2 to 1000000000, or 0, -1 was given
curvature --trace-samples x | --trace-samples takes a whole number from 2 to 1000000000, or 0, 'x' was given
curvature --top 0 --trace-samples 0 | there is nothing to compute: give --top, --bottom
curvature --density-probes 1 | --density-probes takes a whole number from 2 to 1000000, or 0, 1 was given
curvature --density-probes x | --density-probes takes a whole number from 2 to 1000000, or 0, 'x' was given
curvature --density-steps 1 | --density-steps takes a whole number from 2 to 1000000, 1 was given
curvature --checkpoint @wide/checkpoint.safetensors --density-probes 2 --density-steps 1000000 | --density-steps 1000000 with
curvature --status | --status requires --job
curvature --job @new --status | has no plan yet
curvature --job @good | holds checkpoint
curvature --job @new --patience 0 | --patience takes a number from 0.1 to 1000000, 0 was given
curvature --sharpness -1 | --sharpness takes a number of at least 0, -1 was given
curvature --sharpness-steps 0 | --sharpness-steps takes a whole number from 1 to 1000000, 0 was given
curvature --lanczos-steps 0 | --lanczos-steps takes a whole number from 1 to 1000000000, 0 was given
curvature --lanczos-steps -3 | --lanczos-steps takes a whole number from 1 to 1000000000, -3 was given
curvature --lanczos-steps 2000000000 | --lanczos-steps takes a whole number from 1 to 1000000000, 2000000000 was given
curvature --steps 0 | --lanczos-steps takes a whole number from 1 to 1000000000, 0 was given
curvature --lanczos-steps 3 | --lanczos-steps 3 cannot give --top 5 and --bottom 5 eigenvalues
curvature --tolerance nan | --tolerance takes a number in (0, 1), nan was given
curvature --tolerance 0 | --tolerance takes a number in (0, 1), 0 was given
curvature --tolerance -1 | --tolerance takes a number in (0, 1), -1 was given
curvature --tolerance 1 | --tolerance takes a number in (0, 1), 1 was given
curvature --tolerance inf | --tolerance takes a number in (0, 1), inf was given
curvature --tolerance small | --tolerance takes a number in (0, 1), 'small' was given
curvature --seed -1 | --seed takes a whole number from 0 to 18446744073709551615, -1 was given
curvature --out @empty | --out: cannot write @empty: Is a directory
curvature --out /dev/null | --out: cannot write /dev/null: it is not a regular file
curvature --out @pipe | --out: cannot write @pipe
curvature --out @file/below | @file
curvature --out @good/checkpoint.safetensors | --out would overwrite @good/checkpoint.safetensors, which --checkpoint reads
curvature --out @good/checkpoint.json | --out would overwrite @good/checkpoint.json, which --checkpoint reads
curvature --checkpoint @wide/checkpoint.safetensors --lanczos-steps 1000000000 | --lanczos-steps 1000000000 with
curvature --checkpoint @wide/checkpoint.safetensors --lanczos-steps 1000000000 | of memory
curvature --checkpoint @missing | --checkpoint takes a file that is there; @missing is not there
curvature --checkpoint @pipe | --checkpoint takes a file that is there; @pipe is no file
curvature --checkpoint @empty | @empty is no file
curvature --checkpoint @file | @file
curvature --checkpoint @cut/checkpoint.safetensors | @cut/checkpoint.safetensors
curvature --checkpoint @hostile | @hostile
curvature --images 0 | --images takes a whole number from 1 to 4294967295, 0 was given
curvature --images -1 | --images takes a whole number from 1 to 4294967295, -1 was given
curvature --images x | --images takes a whole number from 1 to 4294967295, 'x' was given
curvature --images 65 | --images 65: synthetic:64 holds 64 images
curvature --data synthetic:10000000 --images 9999999 | --images 9999999 of 16 x 16 pixels would need
curvature --batch -1 | --batch takes a whole number from 1 to 4294967295, or 0, -1 was given
curvature --mask-seed -1 | --mask-seed takes a whole number from 0 to 18446744073709551615, -1 was given
curvature --of pupil | --of takes one of student, teacher; 'pupil' was given
curvature --of teacher | has no teacher
curvature --threads 100000 | --threads takes a whole number from 0 to 1024, 100000 was given
curvature --data folder:@missing | @missing
curvature_bare --out @new | --checkpoint is required
custom @new nonsense:3 | nonsense:3
custom @new synthetic:many | synthetic:many
custom @new synthetic:50 | 50 images, fewer than one batch of 100
custom @new synthetic:200 folder:@missing | @missing
custom @file | @file
custom @full | and contains no comparison
custom a b c d | no option is called d
landscape --grid=1:2 | FROM:TO:STEPS
landscape --grid=1:2 | --grid
landscape --grid=1:-1:5 | 1:-1:5
landscape --grid=1:-1:5 | --grid
landscape --grid=-1:1:0 | -1:1:0
landscape --grid=-1:1:0 | --grid
landscape --grid=-1:1:-5 | -1:1:-5
landscape --grid=-1:1:-5 | --grid
landscape --grid=-1:1:1 | 1 step
landscape --grid=-1:1:1 | --grid
landscape --grid=-1:1:x | 'x'
landscape --grid=-1:1:x | --grid
landscape --grid=nan:1:5 | nan
landscape --grid=nan:1:5 | --grid
landscape --grid=-1:inf:5 | inf
landscape --grid=-1:inf:5 | --grid
landscape --grid=-1:1:100001 | 100001
landscape --grid=-1:1:100001 | --grid
landscape --grid=x:-1:1:5 | names one axis
landscape --grid=x:-1:1:5 | --grid
landscape --grid= | FROM:TO:STEPS
landscape --grid=-1:1:100000 | --grid -1:1:100000 would need 850 GB of memory
landscape --grid=x:-1:1:100000,y:-1:1:90000 | of memory
landscape --normalize soft | --normalize takes one of filter, layer, weight, dfilter, dlayer, park; 'soft' was given
landscape --along nowhere | --along takes one of gaussian, eigenvectors, eigenvectors:top, gradient; 'nowhere' was given
landscape --along gradient --directions @directions | --along excludes --directions
landscape --along gradient --orthogonal | --orthogonal belongs to --along gaussian
landscape --along eigenvectors --lanczos-steps 1 | --lanczos-steps takes a whole number from 2 to 1000000000, 1 was given
landscape --along eigenvectors --lanczos-tolerance 0 | --lanczos-tolerance takes
landscape --dimensions 4 | --dimensions takes a whole number from 1 to 3, or 0, 4 was given
landscape --dimensions 3 --to @wide/checkpoint.safetensors | --to gives a line or a plane
landscape --dimensions 3 --trajectory @good | has 0 checkpoints
landscape --dimensions 3 --formats obj | .obj hold no volumes; those that do are .json, .npy, .csv, .h5, .hdf5, .vts
landscape --dimensions 3 --measure weights --precision bf16 | of a volume it is computed with --precision float
landscape --dimensions 3 --minima | --minima is about planes and lines
landscape --dimensions 3 --grid=x:-1:1:3,y:-1:1:3 | of a volume names no z
landscape --dimensions 3 --grid=-1:1:10000 | of memory
landscape --dimensions 3 --directions @directions | @directions
landscape --dimensions 3 --save-directions @new.h5 | holds two directions, a volume has three
landscape --dimensions 3 --out @good/checkpoint | --out would overwrite @good/checkpoint.json, which --checkpoint reads
landscape --grid=x:-1:1:3,y:-1:1:3,z:-1:1:3 | has three axes, a volume's; add --dimensions 3
landscape --grid=z:-1:1:3 | --grid: the grid 'z:-1:1:3' of a volume names no x
landscape --measure sharpness | --measure takes one of loss, accuracy, calibration, gradient, weights, eigenvalues; 'sharpness' was given
landscape --measure weights,weights | --measure has 'weights' twice
landscape --measure accuracy | --measure accuracy needs a classifier
landscape --measure calibration --calibration-bins 0 | --calibration-bins takes a whole number from 1 to 10000, 0 was given
landscape --tolerance -1 | --tolerance takes
landscape --tolerance 0.1 --held-out 0 | --held-out takes a whole number from 1 to 100000, 0 was given
landscape --tolerance 0.1 --measure weights | --measure needs a grid
landscape --tolerance 0.1 --minima | --minima needs a grid
landscape --tolerance 0.1 --formats vts | --formats vts holds a grid
landscape --tolerance 0.1 --page | --page needs a grid
landscape --job @full | holds notes and no job
compare --job @full | holds notes and no job
compare --job @none --status | has no plan yet; the first worker needs the usual options
compare_bare --job @none | has no plan yet; the first worker needs the usual options
compare --job @none --resume | --resume excludes --job
compare --job @none --report-only | --report-only excludes --job
compare --job @none --patience 0 | --patience takes a number from 0.1
compare --patience 3 | --patience requires --job
compare --status | --status requires --job
compare --take training | --take requires --job
compare --job @none --take measuring | --take takes one of
compare --job @none --take training,training | --take has 'training' twice
compare --job @none --statistics-backend tpu | --statistics-backend takes one of
compare --job @none --statistics-backend cuda | --statistics-backend cuda are two: each worker computes on one; give --take
compare --statistics-backend cuda | --statistics-backend is for workers of a job
landscape --tolerance 0.1 --job @none | --job needs a grid
landscape --dimensions 3 --job @none | --job is about one line or plane, not about volumes
landscape --dimensions 1 --grid=x:-1:1:3,y:-1:1:3 | is of a plane, and a line is drawn
landscape --to @missing | --to takes a file that is there; @missing is not there
landscape --to @pipe | @pipe is no file
landscape --to @file | @file
landscape --to @good/checkpoint.safetensors | the distance 0
landscape --to @wide/checkpoint.safetensors | is a checkpoint of another architecture
landscape --to2 @wide/checkpoint.safetensors | --to2 requires --to
landscape --to @wide/checkpoint.safetensors --to2 @wide/checkpoint.safetensors --dimensions 1 | --to2 needs a plane
landscape --to @wide/checkpoint.safetensors --along gradient | --along excludes --to
landscape --to @wide/checkpoint.safetensors --save-inputs @wide/checkpoint.json | which --to reads
landscape --to @wide/checkpoint.safetensors --curve circle | --curve takes one of bezier, chain; 'circle' was given
landscape --curve bezier | --curve requires --to
landscape --to @wide/checkpoint.safetensors --curve bezier --only encoder | --curve moves all parameters
landscape --to @wide/checkpoint.safetensors --curve bezier --curve-rate 0 | --curve-rate takes a number above 0, 0 was given
landscape --trajectory @missing | --trajectory takes a folder of checkpoints, @missing is none
landscape --trajectory @good/checkpoint.safetensors | --trajectory takes a folder of checkpoints
landscape --trajectory @empty | has 0 checkpoints
landscape --trajectory @good | has 0 checkpoints
landscape --trajectory @wide | another architecture
landscape --trajectory @cut | @cut/checkpoint.safetensors
landscape --trajectory @piped | not a regular file
landscape --trajectory @good --out @good/checkpoint | would overwrite @good/checkpoint.json
landscape --only blocks | no parameter of the model is called 'blocks'
landscape --only | --only needs a value
landscape --only norm.* | does not move
landscape --seed -1 | --seed takes a whole number from 0 to 18446744073709551615, -1 was given
landscape --directions @missing | --directions takes a file that is there; @missing is not there
landscape --directions @pipe | @pipe is no file
landscape --directions @file | @file
landscape --directions @good/checkpoint.safetensors | checkpoint.safetensors
landscape --directions @file --save-directions @new | --directions excludes --save-directions
landscape --save-directions @good/checkpoint.safetensors | --save-directions would overwrite @good/checkpoint.safetensors, which --checkpoint reads
landscape --save-directions @link | --save-directions would overwrite @good/checkpoint.safetensors, which --checkpoint reads
landscape --save-directions @good/../good/checkpoint.safetensors | which --checkpoint reads
landscape --save-inputs @good/checkpoint.safetensors | --save-inputs would overwrite @good/checkpoint.safetensors, which --checkpoint reads
landscape --save-inputs @good/checkpoint.json | --save-inputs would overwrite @good/checkpoint.json, which --checkpoint reads
landscape --out @good/checkpoint | --out would overwrite @good/checkpoint.json, which --checkpoint reads
landscape --directions @directions --save-inputs @directions | which --directions reads
landscape --save-directions @new --save-inputs @new | --save-inputs and --save-directions would both write
landscape --save-inputs @new.json --out @new | --save-inputs and --out would both write
landscape --save-inputs @new.vts --out @new --formats vts | --save-inputs and --out would both write
landscape --out @good/checkpoint --formats obj | --out would overwrite @good/checkpoint.json, which --checkpoint reads
landscape --formats bmp | --formats takes one of json, npy, csv, h5, hdf5, vts, obj; 'bmp' was given
landscape --formats json,,npy | --formats takes one of json, npy, csv, h5, hdf5, vts, obj; '' was given
landscape --formats npy,csv,npy | --formats has 'npy' twice
landscape --save-inputs @hollow/dogs/2.jpg --data folder:@hollow | among the images of --data
landscape --out @hollow/dogs/2 --data folder:@hollow | among the images of --data
landscape --save-directions @empty | --save-directions: cannot write @empty: Is a directory
landscape --save-inputs @pipe | --save-inputs: cannot write @pipe
landscape --out @empty/ | --out takes the beginning of file names
landscape --out / | --out takes the beginning of file names
landscape --out . | --out takes the beginning of file names
landscape --out .. | --out takes the beginning of file names
landscape --out @blocked | cannot write @blocked.json: Is a directory
landscape --out @file/below | @file
landscape --checkpoint @missing | --checkpoint takes a file that is there; @missing is not there
landscape --checkpoint @pipe | --checkpoint takes a file that is there; @pipe is no file
landscape --checkpoint @empty | @empty is no file
landscape --checkpoint @file | @file
landscape --checkpoint @cut/checkpoint.safetensors | @cut/checkpoint.safetensors
landscape --checkpoint @hostile | @hostile
landscape --images 0 | --images takes a whole number from 1 to 4294967295, 0 was given
landscape --images -1 | --images takes a whole number from 1 to 4294967295, -1 was given
landscape --images x | --images takes a whole number from 1 to 4294967295, 'x' was given
landscape --images 65 | --images 65: synthetic:64 holds 64 images
landscape --data synthetic:10000000 --images 9999999 | --images 9999999 of 16 x 16 pixels would need
landscape --batch -1 | --batch takes a whole number from 1 to 4294967295, or 0, -1 was given
landscape --mask-seed -1 | --mask-seed takes a whole number from 0 to 18446744073709551615, -1 was given
landscape --of pupil | --of takes one of student, teacher; 'pupil' was given
landscape --of teacher | has no teacher
landscape --threads 100000 | --threads takes a whole number from 0 to 1024, 100000 was given
landscape --data folder:@missing | @missing
landscape_bare --out @new | --checkpoint is required
pretrain --width 0 | --width takes a whole number from 1 to 4194304, 0 was given
pretrain --width -16 | --width takes a whole number from 1 to 4194304, -16 was given
pretrain --width 4194305 | --width takes a whole number from 1 to 4194304, 4194305 was given
pretrain --width 99999999999999999999 | --width takes a whole number from 1 to 4194304, 99999999999999999999 was given
pretrain --depth 0 | --depth takes a whole number from 1 to 1000, 0 was given
pretrain --depth -5 | --depth takes a whole number from 1 to 1000, -5 was given
pretrain --depth 1000000 | --depth takes a whole number from 1 to 1000, 1000000 was given
pretrain --depth 1e3 | --depth takes a whole number from 1 to 1000, 1e3 was given
pretrain --heads 0 | --heads takes a whole number from 1 to 4194304, 0 was given
pretrain --heads -1 | --heads takes a whole number from 1 to 4194304, -1 was given
pretrain --image -1 | --image takes a whole number from 0 to 32768, -1 was given
pretrain --image 1000000000 | --image takes a whole number from 0 to 32768, 1000000000 was given
pretrain --patch -4 | --patch takes a whole number from 0 to 32768, -4 was given
pretrain --patch 99999 | --patch takes a whole number from 0 to 32768, 99999 was given
pretrain --decoder-width -8 | --decoder-width takes a whole number from 0 to 4194304, -8 was given
pretrain --decoder-width x | --decoder-width takes a whole number from 0 to 4194304, 'x' was given
pretrain --decoder-depth -1 | --decoder-depth takes a whole number from 0 to 1000, -1 was given
pretrain --decoder-depth 1000000 | --decoder-depth takes a whole number from 0 to 1000, 1000000 was given
pretrain --decoder-heads -2 | --decoder-heads takes a whole number from 0 to 4194304, -2 was given
pretrain --image 4096 --patch 1 | --image 4096 and --patch 1
pretrain --image 4096 --patch 1 | of memory
pretrain --width 1000000 | --width 1000000, --depth 1
pretrain --width 1000000 | are available
pretrain --width 65536 --heads 2 --depth 1000 | --depth 1000
pretrain --width 16384 --heads 16 --depth 100 --batch 64 --reproducible 64 | of --batch 64, 1 at once, would need 15.5 TB of memory
pretrain --width 16384 --heads 16 --depth 100 --batch 64 --reproducible 64 | fewer parts of --reproducible
pretrain --method supervised --width 1000000 | training supervised
pretrain --method data2vec --width 1000000 | training data2vec
pretrain --method rc-mae --width 1000000 | training rc-mae
pretrain --decoder-width 1000000 | of memory
pretrain --model huge --image 16384 --patch 1 | --image 16384 and --patch 1
pretrain --patch 5 | patch of 5 pixels does not divide
pretrain --heads 3 | 3 heads do not divide the width 16
pretrain --width 18 --heads 2 | not a multiple of 4
pretrain --decoder-width 10 | not a multiple of 4
pretrain --decoder-heads 3 | 3 heads do not divide the width 8
pretrain --model giant | --model takes one of tiny, small, base, large, huge; 'giant' was given
pretrain --method maee | --method takes one of mae,
pretrain --mask-ratio 0 | --mask-ratio: the mask ratio lies between 0 and 1 (both excluded), 0 was given
pretrain --mask-ratio 1 | --mask-ratio: the mask ratio lies between 0 and 1 (both excluded), 1 was given
pretrain --mask-ratio -0.5 | --mask-ratio: the mask ratio lies between 0 and 1 (both excluded), -0.5 was given
pretrain --mask-ratio nan | --mask-ratio: the mask ratio lies between 0 and 1 (both excluded), nan was given
pretrain --mask-ratio half | --mask-ratio: the mask ratio lies between 0 and 1 (both excluded), 'half' was given
pretrain --masking round | --masking takes one of random, block, grid; 'round' was given
pretrain --masking grid --grid-stride 1 | --grid-stride takes a whole number of at least 2, 1 was given
pretrain --masking grid --grid-stride -3 | --grid-stride takes a whole number of at least 2, -3 was given
pretrain --masking block --block-smallest 0 | --block-smallest takes a whole number of at least 1, 0 was given
pretrain --masking block --block-narrowest 0 | --block-narrowest takes a number in (0, 1], 0 was given
pretrain --masking block --block-narrowest 2 | --block-narrowest takes a number in (0, 1], 2 was given
pretrain --masking block --block-narrowest nan | --block-narrowest takes a number in (0, 1], nan was given
pretrain --pixel-loss soft | --pixel-loss takes one of plain, normalized; 'soft' was given
pretrain --method rc-mae --consistency -1 | --consistency takes a number of at least 0, -1 was given
pretrain --method rc-mae --consistency nan | --consistency takes a number of at least 0, nan was given
pretrain --method rc-mae --consistency inf | --consistency takes a number of at least 0, inf was given
pretrain --method rc-mae --consistency much | --consistency takes a number of at least 0, 'much' was given
pretrain --method rc-mae --momentum-from 1.5 | --momentum-from takes a number from 0 to 1, 1.5 was given
pretrain --method rc-mae --momentum-from -0.1 | --momentum-from takes a number from 0 to 1, -0.1 was given
pretrain --method rc-mae --momentum-from nan | --momentum-from takes a number from 0 to 1, nan was given
pretrain --method rc-mae --momentum-to 1.5 | --momentum-to takes a number from 0 to 1, 1.5 was given
pretrain --method rc-mae --momentum-to -0.1 | --momentum-to takes a number from 0 to 1, -0.1 was given
pretrain --method rc-mae --momentum-to nan | --momentum-to takes a number from 0 to 1, nan was given
pretrain --method rc-mae --momentum linear --momentum-part 2 | --momentum-part takes a number from 0 to 1, 2 was given
pretrain --method rc-mae --momentum scaled --momentum-steps 0 | --momentum-steps takes a number above 0, 0 was given
pretrain --method rc-mae --momentum copy --copy-every 0 | --copy-every takes a whole number from 1 to 1000000000, 0 was given
pretrain --method rc-mae --momentum steep | --momentum takes one of published, released, linear, scaled, copy; 'steep' was given
pretrain --method rc-mae --teacher-share 0 | --teacher-share takes a number in (0, 1], 0 was given
pretrain --method rc-mae --teacher-share 1.5 | --teacher-share takes a number in (0, 1], 1.5 was given
pretrain --method rc-mae --teacher-share nan | --teacher-share takes a number in (0, 1], nan was given
pretrain --method rc-mae --evaluate both | --evaluate takes one of student, teacher; 'both' was given
pretrain --method data2vec --target-blocks 0 | --target-blocks takes a whole number of at least 1, 
pretrain --method data2vec --target-blocks -1 | --target-blocks takes a whole number of at least 1, 
pretrain --method data2vec --target-blocks x | --target-blocks takes a whole number of at least 1, 
pretrain --method data2vec --smooth-beta 0 | --smooth-beta takes a number above 0, 0 was given
pretrain --method data2vec --smooth-beta -2 | --smooth-beta takes a number above 0, -2 was given
pretrain --method data2vec --smooth-beta nan | --smooth-beta takes a number above 0, nan was given
pretrain --method supervised --label-smoothing 1 | --label-smoothing: the label smoothing lies in [0, 1), 1 was given
pretrain --method supervised --label-smoothing -0.1 | --label-smoothing: the label smoothing lies in [0, 1), -0.1 was given
pretrain --method supervised --label-smoothing nan | --label-smoothing: the label smoothing lies in [0, 1), nan was given
pretrain --method supervised --pooling max | --pooling takes one of class-token, average; 'max' was given
pretrain --consistency 1 | --consistency belongs to --method rc-mae
pretrain --teacher-share 0.5 | --teacher-share belongs to --method rc-mae, not to mae
pretrain --evaluate teacher | --evaluate belongs to --method rc-mae, data2vec, not to mae
pretrain --label-smoothing 0.1 | --label-smoothing belongs to --method supervised
pretrain --epochs 0 | --epochs takes a whole number from 1 to 10000000, 0 was given
pretrain --epochs -1 | --epochs takes a whole number from 1 to 10000000, -1 was given
pretrain --epochs 1e9 | --epochs takes a whole number from 1 to 10000000, 1e9 was given
pretrain --epochs 4000000000 | --epochs takes a whole number from 1 to 10000000, 4000000000 was given
pretrain --epochs 1.5 | --epochs takes a whole number from 1 to 10000000, 1.5 was given
pretrain --batch 0 | --batch takes a whole number from 1 to 4294967295, 0 was given
pretrain --accumulate 0 | --accumulate takes a whole number from 1 to 4294967295, 0 was given
pretrain --batch -5 | --batch takes a whole number from 1 to 4294967295, -5 was given
pretrain --accumulate -5 | --accumulate takes a whole number from 1 to 4294967295, -5 was given
pretrain --batch 99999999999 | --batch takes a whole number from 1 to 4294967295, 99999999999 was given
pretrain --accumulate 99999999999 | --accumulate takes a whole number from 1 to 4294967295, 99999999999 was given
pretrain --batch x | --batch takes a whole number from 1 to 4294967295, 'x' was given
pretrain --accumulate x | --accumulate takes a whole number from 1 to 4294967295, 'x' was given
pretrain --batch 65 | 64 images, fewer than one batch of 65
pretrain --batch 4000000000 | --batch 4000000000
pretrain --accumulate 5 | --accumulate 5: an epoch of 64 images has 4 batches of --batch 16
pretrain --accumulate 1000000 | --accumulate 1000000: an epoch of 64 images
pretrain --lr -1 | --lr: the learning rate is a number of at least 0, -1 was given
pretrain --lr nan | --lr: the learning rate is a number of at least 0, nan was given
pretrain --lr inf | --lr: the learning rate is a number of at least 0, inf was given
pretrain --base-lr 0 | --base-lr takes a number above 0, 0 was given
pretrain --base-lr -1 | --base-lr takes a number above 0, -1 was given
pretrain --base-lr nan | --base-lr takes a number above 0, nan was given
pretrain --base-lr inf | --base-lr takes a number above 0, inf was given
pretrain --base-lr fast | --base-lr takes a number above 0, 'fast' was given
pretrain --lr 1 --base-lr 1 | --lr excludes --base-lr
pretrain --warmup nan | --warmup takes a number of at least 0, or -1, nan was given
pretrain --warmup inf | --warmup takes a number of at least 0, or -1, inf was given
pretrain --warmup -2 | --warmup takes a number of at least 0, or -1, -2 was given
pretrain --warmup long | --warmup takes a number of at least 0, or -1, 'long' was given
pretrain --weight-decay -1 | --weight-decay takes a number of at least 0, -1 was given
pretrain --weight-decay nan | --weight-decay takes a number of at least 0, nan was given
pretrain --weight-decay inf | --weight-decay takes a number of at least 0, inf was given
pretrain --clip-norm -1 | --clip-norm takes a number of at least 0, -1 was given
pretrain --clip-norm nan | --clip-norm takes a number of at least 0, nan was given
pretrain --clip-norm x | --clip-norm takes a number of at least 0, 'x' was given
pretrain --augment flip | --augment takes one of none, crop-flip; 'flip' was given
pretrain --min-crop 0 | --min-crop takes a number in (0, 1], 0 was given
pretrain --min-crop 1.5 | --min-crop takes a number in (0, 1], 1.5 was given
pretrain --min-crop nan | --min-crop takes a number in (0, 1], nan was given
pretrain --min-crop -1 | --min-crop takes a number in (0, 1], -1 was given
pretrain --mean 0.5 | --mean needs 3 numbers, R,G,B, '0.5' was given
pretrain --mean 0.5,0.5 | --mean needs 3 numbers, R,G,B, '0.5,0.5' was given
pretrain --mean 0.5,0.5,0.5,0.5 | --mean needs 3 numbers, R,G,B, '0.5,0.5,0.5,0.5' was given
pretrain --std 0.5 | --std needs 3 numbers, R,G,B, '0.5' was given
pretrain --std 0.5,0.5 | --std needs 3 numbers, R,G,B, '0.5,0.5' was given
pretrain --std 0.5,0.5,0.5,0.5 | --std needs 3 numbers, R,G,B, '0.5,0.5,0.5,0.5' was given
pretrain --mean 0.5,x,0.5 | --mean takes a finite number, 'x' was given
pretrain --mean nan,0,0 | --mean takes a finite number, nan was given
pretrain --std 0,1,1 | --std takes a number above 0, 0 was given
pretrain --std 1,-1,1 | --std takes a number above 0, -1 was given
pretrain --method supervised --drop-path 1 | --drop-path: the drop path rate lies in [0, 1), 1 was given
pretrain --method supervised --drop-path -0.1 | --drop-path: the drop path rate lies in [0, 1), -0.1 was given
pretrain --method supervised --drop-path nan | --drop-path: the drop path rate lies in [0, 1), nan was given
pretrain --method supervised --mixup -1 | --mixup: the alpha of mixup is a number of at least 0, -1 was given
pretrain --method supervised --mixup nan | --mixup: the alpha of mixup is a number of at least 0, nan was given
pretrain --method supervised --cutmix -1 | --cutmix: the alpha of cutmix is a number of at least 0, -1 was given
pretrain --method supervised --cutmix nan | --cutmix: the alpha of cutmix is a number of at least 0, nan was given
pretrain --method supervised --random-erasing 2 | --random-erasing: the probability of random erasing lies in [0, 1], 2 was given
pretrain --method supervised --random-erasing -1 | --random-erasing: the probability of random erasing lies in [0, 1], -1 was given
pretrain --method supervised --random-erasing nan | --random-erasing: the probability of random erasing lies in [0, 1], nan was given
pretrain --method supervised --layer-decay 1.5 | --layer-decay lies between 0 (off) and 1, 1.5 was given
pretrain --method supervised --layer-decay -1 | --layer-decay lies between 0 (off) and 1, -1 was given
pretrain --method supervised --layer-decay nan | --layer-decay lies between 0 (off) and 1, nan was given
pretrain --mixup 0.8 | --mixup belongs to --method supervised
pretrain --seed -1 | --seed takes a whole number from 0 to 18446744073709551615, -1 was given
pretrain --seed 1.5 | --seed takes a whole number from 0 to 18446744073709551615, 1.5 was given
pretrain --seed 18446744073709551616 | --seed takes a whole number from 0 to 18446744073709551615, 18446744073709551616 was given
pretrain --seed x | --seed takes a whole number from 0 to 18446744073709551615, 'x' was given
pretrain --save-every 0 | --save-every takes a whole number from 1 to 10000000, 0 was given
pretrain --save-every -1 | --save-every takes a whole number from 1 to 10000000, -1 was given
pretrain --save-minutes nan | --save-minutes takes a number from 0 to 10000000, nan was given
pretrain --save-minutes inf | --save-minutes takes a number from 0 to 10000000, inf was given
pretrain --save-minutes -1 | --save-minutes takes a number from 0 to 10000000, -1 was given
pretrain --save-minutes soon | --save-minutes takes a number from 0 to 10000000, 'soon' was given
pretrain --keep-every -1 | --keep-every takes a whole number from 1 to 10000000, or 0, -1 was given
pretrain --keep-every 1.5 | --keep-every takes a whole number from 1 to 10000000, or 0, 1.5 was given
pretrain --test-every 0 | --test-every takes a whole number from 1 to 10000000, 0 was given
pretrain --test-every -1 | --test-every takes a whole number from 1 to 10000000, -1 was given
pretrain --threads -1 | --threads takes a whole number from 0 to 1024, -1 was given
pretrain --threads 100000 | --threads takes a whole number from 0 to 1024, 100000 was given
pretrain --threads 2.5 | --threads takes a whole number from 0 to 1024, 2.5 was given
pretrain --threads all | --threads takes a whole number from 0 to 1024, 'all' was given
pretrain --device -1 | --device takes a whole number from 0 to 1023, -1 was given
pretrain --device 5000 | --device takes a whole number from 0 to 1023, 5000 was given
pretrain --backend tpu | --backend takes one of cpu, cuda; 'tpu' was given
pretrain --precision half | --precision takes one of float, bf16, auto; 'half' was given
pretrain --data nonsense:3 | nonsense:3
pretrain --data synthetic:0 | 0 were
pretrain --data synthetic:many | synthetic:many
pretrain --data synthetic:-5 | synthetic:-5
pretrain --data synthetic:99999999999 | 99999999999
pretrain --data synthetic:4294967295 | --data synthetic:4294967295 would need
pretrain --data folder:@missing | @missing
pretrain --data folder:@empty | @empty
pretrain --data folder:@file | @file
pretrain --data folder:@pipe | @pipe
pretrain --data folder:@hollow | @hollow
pretrain --data cifar10:@missing | @missing
pretrain --data cifar10:@empty | @empty
pretrain --data cifar10:@pipes | data_batch_1.bin
pretrain --data cifar10:@short | data_batch_1.bin
pretrain --data cifar100:@missing | @missing/train.bin
pretrain --data cifar100-coarse:@empty | @empty/train.bin
pretrain --data cifar100: | cifar100-coarse:DIR or idx:DIR
pretrain --data tar: | tar:
pretrain --data tar:@missing.tar | @missing.tar does not exist
pretrain --data tar:@empty | @empty holds no .tar files
pretrain --data tar:@file | @file cannot be read
pretrain --data tar:@pipe | @pipe: not a regular file
pretrain --data tar:@tar/deep-{0..1}.tar | @tar/deep-1.tar does not exist
pretrain --data tar:@tar/deep-{1..0}.tar | as in {000..010}
pretrain --data tar:@tar/deep-{0,1}.tar | as in {000..010}
pretrain --data tar:@tar/deep-0.tar | as in tar:@tar/deep-0.tar/t
pretrain --data tar:@tar/deep-0.tar/val | in a folder val
pretrain --data tar:@tar/deep-0.tar/train | 2 of 2 files in tar archive @tar/deep-0.tar/train are damaged
pretrain --data tar:@tar/flat-1.tar | 2 of 2 files
pretrain --data tar:@tar/cut.tar | is cut off
pretrain --data tar:@tar/packed.tar | gzip -dk @tar/packed.tar
pretrain --data idx:@missing | @missing/train-images-idx3-ubyte
pretrain --data idx:@empty | @empty/train-images-idx3-ubyte
pretrain --data idx:@file | @file/train-images-idx3-ubyte
pretrain --data idx:@idx_pipe | train-labels-idx1-ubyte: not a regular file
pretrain --data idx:@idx_text | 0x6e6f206e, expected is 0x00000803
pretrain --data idx:@idx_cut | has 7 bytes behind its header, expected are 8 (2 x 2 x 2)
pretrain --data idx:@idx_counts | holds 2 images
pretrain --data idx:@idx_names | @idx_names/classes.txt has the name 'one' twice
pretrain --data idx:@idx_labels | image 1 has label 10, expected is 0 to 9
pretrain --data idx:@idx_huge | 4294967295 x 4294967295 pixels
pretrain --data idx:@idx_bomb | train-images-idx3-ubyte.gz has more bytes behind its header, expected are 8
pretrain --data idx:@idx_cut_gz | train-images-idx3-ubyte.gz is damaged
pretrain --data idx:@idx_cut --max-pixels 3 | 2 x 2 pixels, the limit is 3
pretrain --data idx: | idx:
pretrain --test-data idx:@idx_cut | t10k-images-idx3-ubyte
pretrain --data folder: | folder:
pretrain --test-data nonsense:3 | nonsense:3
pretrain --test-data folder:@missing | @missing
pretrain --limit-per-class -1 | --limit-per-class takes a whole number from 0 to 4294967295, -1 was given
pretrain --image 4 --patch 2 | synthetic images
pretrain --out @file | @file
pretrain --out @file/below | @file/below
pretrain --out /dev/null/below | /dev/null/below
pretrain --out @good | give --resume to go on from it
pretrain --out @good --resume --seed 3 | seed
pretrain --out @good --resume --width 24 | (1, 1, 16), the model needs (1, 1, 24)
pretrain --out @cut --resume | checkpoint.safetensors
pretrain --out @piped --resume | not a regular file
pretrain --method supervised --init @missing | --init takes a file that is there
pretrain --method supervised --init @pipe | --init takes a file that is there; @pipe is no file
pretrain --method supervised --init @empty | is no file
pretrain --method supervised --init @file | @file
pretrain --method supervised --init @good/checkpoint.safetensors --out @good | --out would overwrite @good/checkpoint.safetensors, which --init reads
pretrain --method supervised --init @good/checkpoint.safetensors --init-from teacher | has no teacher
pretrain --method supervised --init @good/checkpoint.safetensors --init-from pupil | --init-from takes one of student, teacher; 'pupil' was given
pretrain --method supervised --init @good/checkpoint.safetensors --width 24 | cls_token
pretrain --widht 3 | no option is called --widht
pretrain stray | no option is called stray
pretrain --depth | --depth needs a value: encoder blocks; a whole number from 1 to 1000
pretrain --mean | --mean needs a value: mean of red, green, blue, for pixels in [0, 1]; R,G,B
pretrain --masking ring --epochs 1 | --masking takes one of
pretrain_bare --epochs 1 | --out is required
TABLE

((count >= 350)) || { echo "FAILED: only $count command lines" && failed=1; }
((failed == 0)) && echo "$count command lines refused as they should be"
