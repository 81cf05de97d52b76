# Finds the JDK that Prairie is built and run with. Sourced by ./mvnw and ./prairie; POSIX sh, starts no JVM.
#
#   jdk25_find    sets JDK25 to the home of a JDK >= 25.0.3 and < 26, or says on stderr what was found instead
#                 and returns 2. JAVA_HOME is taken when it suits, else the newest patch in the usual places.
#
# 25.0.0 to 25.0.2 are refused because they can corrupt data under G1 (JDK-8377811).
# Every name here starts with jdk25_, since the scripts that source this share one name space with it.

jdk25_find() {
  JDK25='' jdk25_best=0 jdk25_refused=''
  if [ -n "${JAVA_HOME:-}" ]; then
    jdk25_consider "$JAVA_HOME"
    [ -z "$JDK25" ] || return 0
  fi
  jdk25_places
  [ -z "$JDK25" ] || return 0
  {
    echo "prairie: no JDK 25 found (25.0.3 or newer, below 26)"
    if [ -n "$jdk25_refused" ]; then
      printf 'Found, but not suitable:%s\n' "$jdk25_refused"
    else
      echo "No other JDK was found either."
    fi
    echo "Install a JDK 25 (any vendor) or set JAVA_HOME to one. Looked at JAVA_HOME, PATH, /usr/lib/jvm, /opt,"
    echo "SDKMAN, ~/.jdks, ~/.gradle/jdks, asdf, mise, Homebrew and /Library/Java."
  } >&2
  return 2
}

# The usual places. A pattern that matches nothing stays a pattern, which jdk25_consider passes over.
jdk25_places() {
  jdk25_java=$(command -v java 2>/dev/null) || jdk25_java=''
  if [ -n "$jdk25_java" ]; then
    jdk25_java=$(readlink -f "$jdk25_java" 2>/dev/null) || jdk25_java=''
    [ -z "$jdk25_java" ] || jdk25_consider "${jdk25_java%/bin/java}"
  fi
  for jdk25_home in \
    /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /usr/local/*jdk* /opt/*jdk* /opt/java/* \
    "${SDKMAN_DIR:-${HOME:-}/.sdkman}"/candidates/java/* \
    "${HOME:-}"/.jdks/* "${HOME:-}"/.gradle/jdks/* \
    "${HOME:-}"/.asdf/installs/java/* "${HOME:-}"/.local/share/mise/installs/java/* \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME:-}"/Library/Java/JavaVirtualMachines/*/Contents/Home; do
    jdk25_consider "$jdk25_home"
  done
}

# Takes one folder: keeps it when it is the best so far, else notes why not. Reads the `release` file that every
# JDK carries, because asking each `java -version` would cost more than the program that is being started.
jdk25_consider() {
  [ -r "$1/release" ] || return 0
  jdk25_version=''
  while IFS= read -r jdk25_line || [ -n "$jdk25_line" ]; do
    case $jdk25_line in
      JAVA_VERSION=*)
        jdk25_version=${jdk25_line#JAVA_VERSION=}
        jdk25_version=${jdk25_version#\"}
        jdk25_version=${jdk25_version%%\"*}
        ;;
    esac
  done <"$1/release"
  [ -n "$jdk25_version" ] || return 0
  jdk25_rank "$jdk25_version"
  if [ "$jdk25_ranked" -lt 3000 ]; then
    jdk25_refuse "$1" "$jdk25_version"
  elif [ ! -x "$1/bin/java" ] || [ ! -x "$1/bin/javac" ]; then
    jdk25_refuse "$1" "$jdk25_version, a runtime without javac"
  elif [ "$jdk25_ranked" -gt "$jdk25_best" ]; then
    JDK25=$1 jdk25_best=$jdk25_ranked
  fi
}

# 25.0.3 -> 3000, 25.1.2.1 -> 1002001, anything but 25 -> 0, in jdk25_ranked.
jdk25_rank() {
  jdk25_digits=${1%%[!0-9.]*}
  jdk25_ifs=$IFS
  IFS=.
  # shellcheck disable=SC2086 # splitting at the dots is the purpose
  set -- $jdk25_digits
  IFS=$jdk25_ifs
  jdk25_ranked=0
  [ "${1:-}" != 25 ] || jdk25_ranked=$((${2:-0} * 1000000 + ${3:-0} * 1000 + ${4:-0}))
}

# Notes a refusal once per real folder: distributions like to link several names to one JDK.
jdk25_refuse() {
  jdk25_real=$(CDPATH='' cd -P -- "$1" 2>/dev/null && pwd) || jdk25_real=$1
  case $jdk25_refused in *"  $jdk25_real ("*) return 0 ;; esac
  jdk25_refused="$jdk25_refused
  $jdk25_real ($2)"
}
